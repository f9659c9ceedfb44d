"""Export pages as Jupyter notebooks."""
