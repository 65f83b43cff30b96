"""The problems that the last recorded scan found, and what was set aside as a change of recording."""
