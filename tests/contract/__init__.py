"""What holds of every capability in `app.py`; a new one gets it for free."""
