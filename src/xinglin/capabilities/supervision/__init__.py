"""Supervision (监管): acts are told to the province, any order can be traced, and visits are spot-checked.

For the commission and the institutions it looks at. It owns Task[upload], Task[supervision-finding], List[spot-check]
and QuestionnaireResponse[check-sheet]. Sources: 互联网诊疗监管细则（试行）, 焦政办〔2018〕55号.
"""
