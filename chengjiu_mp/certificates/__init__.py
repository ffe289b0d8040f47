"""证书: issue, show, verify, revoke and reissue; rendering is pure (data in, image bytes out)."""
