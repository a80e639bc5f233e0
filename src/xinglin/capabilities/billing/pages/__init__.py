"""Pages of billing: the payer's bills, the cashier's desk, receipts, differences."""
