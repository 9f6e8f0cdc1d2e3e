"""Every way in which the API says no: a stable type, a status, and the words in both languages."""

from __future__ import annotations

import enum

import msgspec
from msgspec import Struct
from starlette.responses import Response

from firmware.api.types import Problem, Texts
from firmware.flows.words import why_refused
from firmware.payments.refusals import Code, Refusal
from firmware.payments.tills import NotNow
from firmware.ui.texts import Language

PREFIX = "urn:pos:problem:"


class _Kind(Struct, frozen=True):
    """The type of a problem, the status of the answer, and the words."""

    type: str
    status: int
    zh: str
    en: str
    retry_after_s: int = 0


class Why(enum.Enum):
    """Every kind of problem."""

    BAD_REQUEST = _Kind("bad-request", 400, "请求无法读取", "The request cannot be read")
    BAD_ID = _Kind(
        "bad-id", 422, "编号不符合规则", "The id is not one: 1 to 64 of A-Z a-z 0-9 . _ -"
    )
    INVALID_BODY = _Kind("invalid-body", 422, "请求内容有误", "Something in the body is wrong")
    LINES_DIFFER = _Kind(
        "lines-differ", 422, "明细合计与金额不符", "The lines do not add up to the amount"
    )
    PAYMENT_DIFFERS = _Kind(
        "payment-differs",
        422,
        "此编号已用于另一笔交易",
        "This id was used before, with another body",
    )
    OTHER_CURRENCY = _Kind(
        "other-currency", 422, "终端不使用此币种", "The terminal trades in another currency"
    )
    AMOUNT_OVER_LIMIT = _Kind(
        "amount-over-limit", 422, "超过单笔限额", "The amount is over the limit of one sale"
    )
    SALE_DAY_LIMIT = _Kind(
        "sale-day-limit", 422, "超过当日限额", "The amount is over what is left of today's limit"
    )
    GOODS_CHANGED = _Kind(
        "goods-changed", 422, "商品或价格已变更", "Something is no longer sold at this price"
    )
    PAYMENT_NOT_PAID = _Kind(
        "payment-not-paid", 422, "没有此笔消费", "There is no sale to be given back"
    )
    PAYMENT_STANDS_NOT = _Kind(
        "payment-stands-not", 422, "原交易不能撤销或退货", "The payment cannot be given back"
    )
    AMOUNT_OVER_LEFT = _Kind(
        "amount-over-left", 422, "超过可退金额", "More than is left of the payment"
    )
    REFUND_LIMIT = _Kind(
        "refund-limit", 422, "超过退货限额", "The amount is over a limit of refunds"
    )
    BUSY = _Kind("busy", 409, "终端忙", "The terminal is busy: nothing was taken", 2)
    SETTLEMENT_OPEN = _Kind("settlement-open", 409, "结算未完成", "A settlement is under way", 10)
    OUT_OF_SERVICE = _Kind(
        "out-of-service", 409, "终端停止服务", "The terminal is out of service", 10
    )
    SIGNED_OFF = _Kind("signed-off", 409, "无人签到", "Nobody is signed on at the terminal", 30)
    SUPERVISOR_SIGNED_ON = _Kind(
        "supervisor-signed-on", 409, "主管已签到 不能收款", "The supervisor sells nothing", 30
    )
    TRAINING = _Kind("training", 409, "终端处于培训模式", "The terminal is in training", 30)
    BATCH_FULL = _Kind("batch-full", 409, "批次已满 请结算", "The batch is full: settle first", 30)
    BATCH_EMPTY = _Kind("batch-empty", 409, "批次无交易", "The batch has no transaction")
    OWED_FIRST = _Kind(
        "owed-first",
        409,
        "冲正或通知未完成",
        "A reversal or an advice must reach the acquirer first",
        30,
    )
    NO_RECEIPT = _Kind(
        "no-receipt", 409, "没有签购单", "There is no receipt: the payment has no transaction"
    )
    NOT_OFFERED = _Kind("not-offered", 422, "终端不提供此服务", "The terminal does not offer this")
    NOT_FOUND = _Kind("not-found", 404, "没有此记录", "Not found")
    NO_METHOD = _Kind("no-method", 405, "不支持此方法", "This method is not supported here")
    NO_TOKEN = _Kind("no-token", 401, "缺少令牌或令牌有误", "The token is missing or wrong")
    NO_SCOPE = _Kind("no-scope", 403, "令牌无此权限", "The token may not do this")
    OTHER_HOST = _Kind(
        "other-host", 403, "主机名不符", "The Host header is not a name of this server"
    )
    OTHER_ORIGIN = _Kind("other-origin", 403, "来源不被允许", "Pages of this origin may not ask")
    TOO_LARGE = _Kind("too-large", 413, "请求过大", "The request is too large")
    TOO_SLOW = _Kind("too-slow", 408, "请求过慢", "The request took too long to arrive")
    TOO_MANY = _Kind("too-many", 429, "连接过多", "Too many event streams are open", 5)
    NOT_ACCEPTABLE = _Kind(
        "not-acceptable", 406, "不支持此格式", "The receipt is available as text, PNG or JSON"
    )
    INTERNAL = _Kind("internal", 500, "内部错误", "A fault of the terminal: send the same again")
    UNANSWERED = _Kind(
        "unanswered",
        503,
        "终端未及时应答",
        "The terminal has begun and not answered: send the same again",
        2,
    )
    JOURNAL_UNAVAILABLE = _Kind(
        "journal-unavailable",
        503,
        "日志暂不可读",
        "The journal cannot be read now: nothing was recorded",
        5,
    )


NOT_NOW = {
    NotNow.BUSY: Why.BUSY,
    NotNow.OUT_OF_SERVICE: Why.OUT_OF_SERVICE,
    NotNow.SIGNED_OFF: Why.SIGNED_OFF,
    NotNow.SUPERVISOR: Why.SUPERVISOR_SIGNED_ON,
    NotNow.TRAINING: Why.TRAINING,
    NotNow.SETTLING: Why.SETTLEMENT_OPEN,
    NotNow.OTHER_CURRENCY: Why.OTHER_CURRENCY,
    NotNow.TAKEN_BEFORE: Why.PAYMENT_DIFFERS,
    NotNow.BATCH_EMPTY: Why.BATCH_EMPTY,
    NotNow.NO_RECEIPT: Why.NO_RECEIPT,
}
REFUSALS = {
    Code.AMOUNT_OVER_LIMIT: Why.AMOUNT_OVER_LIMIT,
    Code.SALE_DAY_LIMIT: Why.SALE_DAY_LIMIT,
    Code.AMOUNT_OVER_LEFT: Why.AMOUNT_OVER_LEFT,
    Code.REFUND_LIMIT: Why.REFUND_LIMIT,
    Code.REFUND_DAY_LIMIT: Why.REFUND_LIMIT,
    Code.CARD_DAY_LIMIT: Why.PAYMENT_STANDS_NOT,
    Code.AMOUNT_OVER_HOLD: Why.PAYMENT_STANDS_NOT,
    Code.NO_SUCH_VOUCHER: Why.PAYMENT_NOT_PAID,
    Code.OTHER_TERMINAL: Why.PAYMENT_STANDS_NOT,
    Code.OTHER_MERCHANT: Why.PAYMENT_STANDS_NOT,
    Code.OTHER_CURRENCY: Why.PAYMENT_STANDS_NOT,
    Code.NOT_A_SALE: Why.PAYMENT_STANDS_NOT,
    Code.ORIGINAL_DECLINED: Why.PAYMENT_STANDS_NOT,
    Code.ORIGINAL_REVERSED: Why.PAYMENT_STANDS_NOT,
    Code.ORIGINAL_IN_DOUBT: Why.PAYMENT_STANDS_NOT,
    Code.ALREADY_VOIDED: Why.PAYMENT_STANDS_NOT,
    Code.BATCH_SETTLED: Why.PAYMENT_STANDS_NOT,
    Code.ALREADY_REFUNDED: Why.PAYMENT_STANDS_NOT,
    Code.FULLY_REFUNDED: Why.PAYMENT_STANDS_NOT,
    Code.OUT_OF_WINDOW: Why.PAYMENT_STANDS_NOT,
    Code.NO_SUCH_HOLD: Why.PAYMENT_STANDS_NOT,
    Code.NOT_A_COMPLETION: Why.PAYMENT_STANDS_NOT,
    Code.ALREADY_COMPLETED: Why.PAYMENT_STANDS_NOT,
    Code.HOLD_IS_OLD: Why.PAYMENT_STANDS_NOT,
    Code.BATCH_FULL: Why.BATCH_FULL,
    Code.REVERSAL_FIRST: Why.OWED_FIRST,
    Code.ADVICE_FIRST: Why.OWED_FIRST,
    Code.REFUND_FIRST: Why.OWED_FIRST,
}
_OF_THE_AMOUNT = (
    Code.AMOUNT_OVER_LIMIT,
    Code.SALE_DAY_LIMIT,
    Code.AMOUNT_OVER_LEFT,
    Code.REFUND_LIMIT,
    Code.REFUND_DAY_LIMIT,
)


class Wrong(Exception):  # noqa: N818 - what happened
    """A request that is answered with a problem."""

    def __init__(
        self,
        why: Why,
        *,
        detail: str = "",
        field: str = "",
        limit_minor: int = 0,
        texts: Texts | None = None,
    ) -> None:
        kind = why.value
        super().__init__(kind.type)
        self.texts = texts if texts is not None else Texts(zh_CN=kind.zh, en=kind.en)
        self.why, self.detail, self.field, self.limit_minor = why, detail, field, limit_minor


def refused(answer: NotNow | Refusal) -> Wrong:
    """Why the terminal did not take what was asked."""
    if isinstance(answer, NotNow):
        field = "currency" if answer is NotNow.OTHER_CURRENCY else ""
        return Wrong(NOT_NOW[answer], field=field)
    field = "amount_minor" if answer.code in _OF_THE_AMOUNT else ""
    limit_minor = answer.limit.minor if answer.limit is not None else 0
    why = REFUSALS[answer.code]
    detail, texts = "", None
    if why is Why.PAYMENT_STANDS_NOT:  # why, in the words that the display has for it
        words = why_refused(answer)
        detail = answer.code.value
        texts = Texts(zh_CN=words.in_language(Language.ZH), en=words.in_language(Language.EN))
    return Wrong(why, detail=detail, field=field, limit_minor=limit_minor, texts=texts)


def problem(wrong: Wrong) -> Response:
    """The answer that says so."""
    kind = wrong.why.value
    body = Problem(
        type=PREFIX + kind.type,
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
    if kind.status == Why.NO_TOKEN.value.status:
        headers["WWW-Authenticate"] = 'Bearer realm="pos"'
    return Response(
        msgspec.json.encode(body), kind.status, headers, media_type="application/problem+json"
    )
