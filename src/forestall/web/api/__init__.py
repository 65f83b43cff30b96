"""The workplace for programs: OpenAPI over the same actions and selectors as the pages."""
