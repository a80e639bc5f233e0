"""What goes to the supervision port (监管端口): records T1 to T8, checks before sending, reasonableness afterwards."""
