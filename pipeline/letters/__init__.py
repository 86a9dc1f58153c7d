"""Letters to applicants: what is wrong with what they sent, what to do, what to send back."""
