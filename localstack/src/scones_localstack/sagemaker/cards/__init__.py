"""Model cards: documents that say what a model is for, what it was made of and how good it is."""
