"""Supply of prescriptions (处方流转与配送、智慧中药房), for residents, pharmacists and decoction rooms.

It owns Task[dispense], Basic[stock], SupplyDelivery[medicine] and Task[decoction]. Sources: 药品网络销售监督管理办法,
处方管理办法, 医疗机构中药煎药室管理规范; docs/care.md.
"""
