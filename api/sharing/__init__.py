"""Links that show finished exports to who has no account, and their pages."""
