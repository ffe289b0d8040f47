"""Units, sectors and yearly targets: the allocation table."""
