"""People, their documents, proved contacts and consents."""
