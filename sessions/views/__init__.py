"""Pages: the list of interviews, preparing one, guides, sharing, and a second device's."""
