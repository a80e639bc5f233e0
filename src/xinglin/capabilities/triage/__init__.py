"""Triage (智能导诊): from a complaint to the right department, and how soon; for residents, visitors and the desk.

It owns QuestionnaireResponse[triage]. The rules stand in `xinglin.care.triage`.
"""
