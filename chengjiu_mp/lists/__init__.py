"""Lists of names (名单): a unit's liaison signs many people up at once, by a sheet or by a private link."""
