"""The work of people: tasks handed out, decided, taken back, and what is shown for it."""
