"""What WeChat asks of us."""
