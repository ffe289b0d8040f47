"""The WeChat platform: our own small client, its development twin, and what it asks of us."""
