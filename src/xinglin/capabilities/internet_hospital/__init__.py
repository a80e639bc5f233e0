"""Internet hospital (互联网医院): re-visits online, from the request to the doctor's note. For residents and doctors.

It owns Encounter[online-visit], Communication[visit-message], DocumentReference[revisit-evidence] and
Composition[visit-note]. Source: 互联网诊疗管理办法, 互联网医院管理办法, 互联网诊疗监管细则 (试行).
"""
