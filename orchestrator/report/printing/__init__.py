"""From views to pages: templates of ours and of users, and the forms of a page."""
