"""Pages of docs/ whose numbers stand between marks and are rendered from the committed records."""
