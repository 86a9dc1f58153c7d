"""What comes in: from an examined batch to its rows, sealed on the way, counted at the end."""
