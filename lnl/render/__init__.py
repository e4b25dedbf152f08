"""Tables, figures, the report and the page of what is reproduced: records in, documents out."""
