"""The four tasking lists of a local authority: who and where was in the records most often, each row workable."""
