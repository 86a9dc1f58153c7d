"""What goes out or ends: handed over, held by law, destroyed when its time is over."""
