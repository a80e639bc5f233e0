"""Billing (收费): prices, bills, payments, refunds, reconciliation. For residents, cashiers and whoever asks for money.

It owns ChargeItem[charge], Invoice[bill], PaymentNotice[payment], Task[difference], PaymentReconciliation[day-close].
"""
