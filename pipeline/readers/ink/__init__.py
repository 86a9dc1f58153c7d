"""What a person put on the paper, apart from what the form prints."""
