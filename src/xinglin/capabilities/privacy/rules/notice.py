"""The notice of processing (个保法 Art. 17): what everybody is told before data is processed, as data.

Who processes and how to reach them are settings of the operator; everything else is what the platform does.
"""

from dataclasses import dataclass
from typing import Final

from xinglin.fhir.declarations import Text
from xinglin.fhir.sources import cites


@dataclass(frozen=True, slots=True)
class Purpose:
    """What data is processed for. kinds: which data. basis: legal ground. kept: how long."""

    title: Text
    kinds: Text
    basis: Text
    kept: Text


@dataclass(frozen=True, slots=True)
class Decision:
    """What the platform decides without a person. by: which rule. effect: what it does. person: who looks again."""

    title: Text
    by: Text
    effect: Text
    person: Text


_RECORD: Final = Text(
    "法定保存期：互联网诊疗病历不少于 15 年，住院病历不少于 30 年",
    "As the law keeps records: 15 years at least, of inpatients 30",
)

PURPOSES: Final[tuple[Purpose, ...]] = cites("R7-004")(
    (
        Purpose(
            Text("账户登录与实名核验", "Signing in, and knowing who you are"),
            Text(
                "手机号、姓名、身份证件号码、核验结果（敏感个人信息）",
                "Phone, name, identity number, result (sensitive)",
            ),
            Text(
                "提供您要求的服务所必需；诊疗实名制要求", "Needed for the service you ask for; care is real-name by law"
            ),
            Text("账户存续期间；登录日志不少于 6 个月", "As long as the account; logs of signing in 6 months at least"),
        ),
        Purpose(
            Text("诊疗与健康档案", "Care and the health record"),
            Text(
                "诊断、用药、检验检查、就诊记录等健康信息（敏感个人信息）",
                "Diagnoses, medicines, results, visits (sensitive)",
            ),
            Text("您的同意、医疗机构的法定职责", "Your consent, and duties of institutions by law"),
            _RECORD,
        ),
        Purpose(
            Text("公共卫生法定报告", "Reports of public health"),
            Text("传染病等法定报告事项所需信息", "What reports of infectious diseases ask for"),
            Text("履行法定义务，无需另行同意", "A duty by law, without consent"),
            _RECORD,
        ),
        Purpose(
            Text("访问记录与安全监测", "The ledger of access, and its watching"),
            Text("谁在何时、因何目的查看了何种数据；登录地址与设备", "Who saw what, when and why; address and device"),
            Text("履行网络安全与个人信息保护义务", "Duties of security and data protection"),
            Text("不少于 6 个月，按机构设定可更长", "6 months at least, longer as the operator sets"),
        ),
        Purpose(
            Text("消息通知", "Messages"),
            Text("手机号、邮箱、微信标识及消息内容", "Phone, mail, WeChat id, what messages say"),
            Text("提供服务所必需；可选消息可拒收", "Needed for the service; optional ones may be refused"),
            Text("随健康档案保存；外发内容不含健康信息", "As the record; what goes outside says nothing of health"),
        ),
    )
)
RIGHTS: Final = Text(
    "您可以查阅、复制、转移、更正、补充、删除您的个人信息，限制处理，撤回同意，要求解释，注销账户。"
    "登录后在“我的个人信息”提出，15 个工作日内答复。法定保存期内的病历不能删除，将改为限制使用并说明理由。",
    "You may see, copy, move, correct, complete and delete your data, restrict its use, withdraw consent, ask for an"
    " explanation and close your account. Ask at “My data” after signing in; an answer comes within 15 working days."
    " A record that the law keeps cannot be deleted: its use is restricted instead, and you are told why.",
)
CHILDREN: Final = Text(
    "不满十四周岁的儿童由监护人同意，并适用专门的处理规则：其数据单独标记，诊疗人员之外不可见。",
    "For children below 14 the guardian consents; their data is labelled and closed to who does not treat them.",
)
NECESSITY: Final = Text(
    "健康信息属于敏感个人信息，处理它是为您诊疗所必需；不同意可能使我们无法提供相应服务，但不影响急救。"
    "同意用于科研或与药店共享与诊疗分开，拒绝不影响诊疗。",
    "Health data is sensitive; processing it is needed to treat you. Without it some services cannot be given;"
    " emergency care can. Consents to research and to sharing with pharmacies stand apart: refusing them does not"
    " affect care.",
)

AUTOMATED: Final[tuple[Decision, ...]] = cites("R7-007")(
    (
        Decision(
            Text("登录锁定", "Locking a sign-in"),
            Text("连续多次输错密码或验证码", "Wrong passwords or codes in a row"),
            Text("短时间内不能登录", "Nobody signs in for some minutes"),
            Text("到时自动解除；员工账户可由管理员解除", "Ends by itself; of staff an administrator may end it"),
        ),
        Decision(
            Text("实名核验", "Proofing of identity"),
            Text("姓名与证件号码同人口登记信息比对", "Name and number compared with the register"),
            Text(
                "决定账户的实名等级，影响能否使用诊疗服务", "The level of the account, and so which services it opens"
            ),
            Text("可到任一机构服务台当面核验", "Anybody may be confirmed at a desk instead"),
        ),
        Decision(
            Text("敏感数据标记", "Labels of sensitive data"),
            Text(
                "按诊断编码与文字识别精神、传染、生殖、基因等内容",
                "Codes and words that tell of mental, sexual and other such matters",
            ),
            Text("收紧谁能看到这份记录，只会更严", "Narrows who may see a record; never widens it"),
            Text(
                "可请求更正；标记只能经复核的去标识化降低",
                "A correction may be asked for; lowered only by a reviewed de-identification",
            ),
        ),
        Decision(
            Text("异常访问告警", "Alerts of unusual access"),
            Text("按固定阈值统计工作人员的访问", "Accesses of staff counted against fixed limits"),
            Text("只提醒安全管理员，不作处理", "Tells the security officer; does nothing by itself"),
            Text("由安全管理员判断", "The officer decides"),
        ),
        Decision(
            Text("长期未用账户停用", "Disabling dormant accounts"),
            Text("员工账户超过设定天数未登录", "Accounts of staff not used for the days that are set"),
            Text("账户停用", "The account is disabled"),
            Text("由管理员重新启用", "An administrator enables it again"),
        ),
    )
)
