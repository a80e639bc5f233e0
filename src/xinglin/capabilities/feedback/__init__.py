"""Feedback (评价与投诉): ratings after a visit, complaints with their terms, disputes about money. docs/care.md.

For residents, the first receiver and the complaint department of an institution, and the commission. It owns
QuestionnaireResponse[rating] and Task[complaint]. Source: 医疗机构投诉管理办法.
"""
