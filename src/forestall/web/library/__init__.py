"""The library: what is known nationally of practices, what plans here found, failures included, and what is being tried."""
