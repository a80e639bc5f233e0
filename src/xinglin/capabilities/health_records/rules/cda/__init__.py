"""Shared documents (卫生信息共享文档) as CDA R2: templates as data, a writer, a checker and a reader. Pure.

WS/T 482-2016 says how such a document is made, WS/T 483-2016 and WS/T 500-2016 what each holds.
"""
