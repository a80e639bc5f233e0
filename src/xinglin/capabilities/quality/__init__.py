"""Data quality (数据质量): what is missing, wrong or late in the records, and a score by institution.

For the commission and the administrators of institutions. It owns DetectedIssue[quality-finding] and
MeasureReport[quality-score].
"""
