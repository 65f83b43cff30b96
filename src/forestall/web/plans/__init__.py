"""Problems carried through objective, scanning, analysis, response and assessment, with the partners who own a part."""
