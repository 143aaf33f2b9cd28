"""The portal: one page of what runs, for people of the hospital."""
