"""Privacy (个人信息保护): the notice of processing, requests of rights, security incidents, registers of processing.

For residents, for the security officer, and the notice for everybody. It owns Task[security-incident],
Task[rights-request], Task[de-identification] and Basic[processing-record]. 个人信息保护法, 网络数据安全管理条例,
国家网络安全事件报告管理办法, GB/T 39725-2020.
"""
