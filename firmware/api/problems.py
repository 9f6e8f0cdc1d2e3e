"""Every way in which the API says no: a stable type, a status, and the words in both languages."""

from __future__ import annotations

import msgspec
from msgspec import Struct
from starlette.responses import Response

from firmware.api.types import Problem, Texts
from firmware.flows.words import why_refused
from firmware.payments.refusals import Code, Refusal
from firmware.payments.tills import NotNow
from firmware.ui.texts import Language

PREFIX = "urn:pos:problem:"


class ProblemKind(Struct, frozen=True):
    """One kind of problem."""

    status: int
    zh: str
    en: str
    retry_after_s: int = 0


KINDS: dict[str, ProblemKind] = {
    "bad-request": ProblemKind(400, "请求无法读取", "The request cannot be read"),
    "bad-id": ProblemKind(422, "编号不符合规则", "The id is not one: 1 to 64 of A-Z a-z 0-9 . _ -"),
    "invalid-body": ProblemKind(422, "请求内容有误", "Something in the body is wrong"),
    "lines-differ": ProblemKind(422, "明细合计与金额不符", "The lines do not add up to the amount"),
    "payment-differs": ProblemKind(
        422, "此编号已用于另一笔交易", "This id was used before, with another body"
    ),
    "other-currency": ProblemKind(
        422, "终端不使用此币种", "The terminal trades in another currency"
    ),
    "amount-over-limit": ProblemKind(
        422, "超过单笔限额", "The amount is over the limit of one sale"
    ),
    "sale-day-limit": ProblemKind(
        422, "超过当日限额", "The amount is over what is left of today's limit"
    ),
    "goods-changed": ProblemKind(
        422, "商品或价格已变更", "Something is no longer sold at this price"
    ),
    "payment-not-paid": ProblemKind(422, "没有此笔消费", "There is no sale to be given back"),
    "payment-stands-not": ProblemKind(
        422, "原交易不能撤销或退货", "The payment cannot be given back"
    ),
    "amount-over-left": ProblemKind(422, "超过可退金额", "More than is left of the payment"),
    "refund-limit": ProblemKind(422, "超过退货限额", "The amount is over a limit of refunds"),
    "busy": ProblemKind(409, "终端忙", "The terminal is busy: nothing was taken", 2),
    "settlement-open": ProblemKind(409, "结算未完成", "A settlement is under way", 10),
    "out-of-service": ProblemKind(409, "终端停止服务", "The terminal is out of service", 10),
    "signed-off": ProblemKind(409, "无人签到", "Nobody is signed on at the terminal", 30),
    "supervisor-signed-on": ProblemKind(
        409, "主管已签到 不能收款", "The supervisor sells nothing", 30
    ),
    "training": ProblemKind(409, "终端处于培训模式", "The terminal is in training", 30),
    "batch-full": ProblemKind(409, "批次已满 请结算", "The batch is full: settle first", 30),
    "batch-empty": ProblemKind(409, "批次无交易", "The batch has no transaction"),
    "owed-first": ProblemKind(
        409, "冲正或通知未完成", "A reversal or an advice must reach the acquirer first", 30
    ),
    "no-receipt": ProblemKind(
        409, "没有签购单", "There is no receipt: the payment has no transaction"
    ),
    "not-offered": ProblemKind(422, "终端不提供此服务", "The terminal does not offer this"),
    "not-found": ProblemKind(404, "没有此记录", "Not found"),
    "no-method": ProblemKind(405, "不支持此方法", "This method is not supported here"),
    "no-token": ProblemKind(401, "缺少令牌或令牌有误", "The token is missing or wrong"),
    "no-scope": ProblemKind(403, "令牌无此权限", "The token may not do this"),
    "other-host": ProblemKind(403, "主机名不符", "The Host header is not a name of this server"),
    "other-origin": ProblemKind(403, "来源不被允许", "Pages of this origin may not ask"),
    "too-large": ProblemKind(413, "请求过大", "The request is too large"),
    "too-slow": ProblemKind(408, "请求过慢", "The request took too long to arrive"),
    "too-many": ProblemKind(429, "连接过多", "Too many event streams are open", 5),
    "not-acceptable": ProblemKind(
        406, "不支持此格式", "The receipt is available as text, PNG or JSON"
    ),
    "internal": ProblemKind(500, "内部错误", "A fault of the terminal: send the same again"),
    "unanswered": ProblemKind(
        503, "终端未及时应答", "The terminal has begun and not answered: send the same again", 2
    ),
    "journal-unavailable": ProblemKind(
        503, "日志暂不可读", "The journal cannot be read now: nothing was recorded", 5
    ),
}
_REFUSALS = {
    Code.AMOUNT_OVER_LIMIT: "amount-over-limit",
    Code.SALE_DAY_LIMIT: "sale-day-limit",
    Code.AMOUNT_OVER_LEFT: "amount-over-left",
    Code.REFUND_LIMIT: "refund-limit",
    Code.REFUND_DAY_LIMIT: "refund-limit",
    Code.CARD_DAY_LIMIT: "payment-stands-not",
    Code.AMOUNT_OVER_HOLD: "payment-stands-not",
    Code.NO_SUCH_VOUCHER: "payment-not-paid",
    Code.OTHER_TERMINAL: "payment-stands-not",
    Code.OTHER_MERCHANT: "payment-stands-not",
    Code.OTHER_CURRENCY: "payment-stands-not",
    Code.NOT_A_SALE: "payment-stands-not",
    Code.ORIGINAL_DECLINED: "payment-stands-not",
    Code.ORIGINAL_REVERSED: "payment-stands-not",
    Code.ORIGINAL_IN_DOUBT: "payment-stands-not",
    Code.ALREADY_VOIDED: "payment-stands-not",
    Code.BATCH_SETTLED: "payment-stands-not",
    Code.ALREADY_REFUNDED: "payment-stands-not",
    Code.FULLY_REFUNDED: "payment-stands-not",
    Code.OUT_OF_WINDOW: "payment-stands-not",
    Code.NO_SUCH_HOLD: "payment-stands-not",
    Code.NOT_A_COMPLETION: "payment-stands-not",
    Code.ALREADY_COMPLETED: "payment-stands-not",
    Code.HOLD_IS_OLD: "payment-stands-not",
    Code.BATCH_FULL: "batch-full",
    Code.REVERSAL_FIRST: "owed-first",
    Code.ADVICE_FIRST: "owed-first",
    Code.REFUND_FIRST: "owed-first",
}
_OF_THE_AMOUNT = (
    Code.AMOUNT_OVER_LIMIT,
    Code.SALE_DAY_LIMIT,
    Code.AMOUNT_OVER_LEFT,
    Code.REFUND_LIMIT,
    Code.REFUND_DAY_LIMIT,
)


class Wrong(Exception):  # noqa: N818 - what happened
    """A request that is answered with a problem of this kind."""

    def __init__(
        self,
        kind: str,
        *,
        detail: str = "",
        field: str = "",
        limit_minor: int = 0,
        texts: Texts | None = None,
    ) -> None:
        super().__init__(kind)
        self.texts = texts if texts is not None else Texts(zh_CN=KINDS[kind].zh, en=KINDS[kind].en)
        self.kind, self.detail, self.field, self.limit_minor = kind, detail, field, limit_minor


def refused(answer: NotNow | Refusal) -> Wrong:
    """Why the terminal did not take what was asked."""
    if isinstance(answer, NotNow):
        field = "currency" if answer is NotNow.OTHER_CURRENCY else ""
        kind = "payment-differs" if answer is NotNow.TAKEN_BEFORE else answer.value
        return Wrong(kind, field=field)
    field = "amount_minor" if answer.code in _OF_THE_AMOUNT else ""
    limit_minor = answer.limit.minor if answer.limit is not None else 0
    kind = _REFUSALS[answer.code]
    detail, texts = "", None
    if kind == "payment-stands-not":  # why, in the words that the display has for it
        words = why_refused(answer)
        detail = answer.code.value
        texts = Texts(zh_CN=words.in_language(Language.ZH), en=words.in_language(Language.EN))
    return Wrong(kind, detail=detail, field=field, limit_minor=limit_minor, texts=texts)


def problem(wrong: Wrong) -> Response:
    """The answer that says so."""
    kind = KINDS[wrong.kind]
    body = Problem(
        type=PREFIX + wrong.kind,
        title=kind.en,
        status=kind.status,
        detail=wrong.detail or kind.en,
        texts=wrong.texts,
        field=wrong.field,
        limit_minor=wrong.limit_minor,
    )
    headers = {"Cache-Control": "no-store"}
    if kind.retry_after_s:
        headers["Retry-After"] = str(kind.retry_after_s)
    if kind.status == KINDS["no-token"].status:
        headers["WWW-Authenticate"] = 'Bearer realm="pos"'
    return Response(
        msgspec.json.encode(body), kind.status, headers, media_type="application/problem+json"
    )
