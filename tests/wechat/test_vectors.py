"""Signatures and ciphers against vectors that the platform and others published."""

import base64

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from chengjiu_mp.wechat import signatures
from chengjiu_mp.wechat.sealed import CallbackSeal, NotOurs, open_data

TICKET = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
KEY, RECEIVER = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR", "wx49f0ab532d5d035a"
ECHO = "4ByGGj+sVCYcvGeQYhaKIk1o0pQRNbRjxybjTGblXrBaXlTXeOo1+bXFXDQQb1o6co6Yh9Bv41n7hOchLF6p+Q=="
SEALED = (
    "RgqEoJj5A4EMYlLvWO1F86ioRjZfaex/gePD0gOXTxpsq5Yj4GNglrBb8I2BAJVODGajiFnXBu7mCPatfjsu6IHCrsTyeDXzF6Bv283dGymzxh6y"
    "dJRvZsryDyZbLTE7rhnus50qGPMfp2wASFlzEgMW9z1ef/RD8XzaFYgm7iTdaXpXaG4+BiYyolBug/gYNx410cvkKR2/nPwBiT+P4hIiOAQqGp/T"
    "ywZBtDh1yCF2KOd0gpiMZ5jSw3e29mTvmUHzkVQiMS6td7vXUaWOMZnYZlF3So2SjHnwh4jYFxdgpkHHqIrH/54SNdshoQgWYEvccTKe7FS709/5"
    "t6NMxuGhcUGAPOQipvWTT4dShyqio7mlsl5noTrb++x6En749zCpQVhDpbV6GDnTbcX2e8K9QaNWHp91eBdCRxthuL0="
)
MESSAGE = (
    "<xml>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[test]]></Content>\n"
    "<FromUserName><![CDATA[wx49f0ab532d5d035a]]></FromUserName>\n<ToUserName><![CDATA[messense]]></ToUserName>\n"
    "<AgentID>1</AgentID>\n<CreateTime>1411525903</CreateTime>\n</xml>"
)
SESSION_KEY, IV, APPID = "tiihtNczf5v6AKRyjwEUhQ==", "r7BXXKkLb8qrSNn05n0qiA==", "wx4f4bc4dec97d474b"
OPEN_DATA = (
    "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOET"
    "KUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXw"
    "u0fjpXfz/YqYzBIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gfRK4PC7E/r7Z6xNrXd2UI"
    "eorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7MNACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYV"
    "oKlaRv85IfVunYzO0IKXsyl7JCUjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew=="
)
RAW = [
    (
        '{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou","province":"Guangdong","country":"CN",'
        '"avatarUrl":"http://wx.qlogo.cn/mmopen/vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAj'
        'AtpujxyzYsrztuuICqIM5ibXQ/0"}',
        "HyVFkGl5F5OQWJZZaNzBBg==",
        "75e81ceda165f4ffa64f4068af58c64b8f54b88c",
    ),
    (
        '{"nickName":"Xavier-Lam林","gender":1,"language":"zh_CN","city":"Ningde","province":"Fujian",'
        '"country":"China","avatarUrl":"https://wx.qlogo.cn/mmopen/vi_32/vTxUxcbjcZ8t9eU6YfXBwRU89KS9uRILEDro01MTYp7U'
        'KYsyTjLFMIVhB0AlBuEvLHbhmO3OpaHw5zwlSetuLg/132"}',
        "GtYYez5b/M5HhT4L7n31gQ==",
        "8fde625b7640734a13c071c05d792b5cef21cf89",
    ),
]


@pytest.fixture
def seal():
    return CallbackSeal(KEY, RECEIVER)


@pytest.mark.parametrize("fragment", ["", "#top"])
def test_a_page_may_use_the_sdk(fragment):
    signed = signatures.page(TICKET, "Wm3WZYTPz0wzccnW", 1414587457, f"http://mp.weixin.qq.com?params=value{fragment}")
    assert signed == "0f9de62fce790f9a083d5c99e95740ceb90c27ed"


def test_a_plain_callback():
    signed = signatures.callback("test", "1410685589", "test")
    assert signed == "f21891de399b4e33a1a93c9a7b8a8fffb5a443ff"
    assert signatures.matches("f21891de399b4e33a1a93c9a7b8a8fffb5a443ff", signed)
    assert not signatures.matches("字", signed)


@pytest.mark.parametrize(("text", "key", "signature"), RAW)
def test_raw_data(text, key, signature):
    assert signatures.raw_data(text, key) == signature


@pytest.mark.parametrize(
    ("stamp", "nonce", "sealed", "signature"),
    [
        ("1411443780", "437374425", ECHO, "dd6b9c95b495b3f7e2901bfbc76c664930ffdb96"),
        ("1411525903", "461056294", SEALED, "74d92dfeb87ba7c714f89d98870ae5eb62dff26d"),
    ],
)
def test_a_callback_in_safe_mode_is_signed(stamp, nonce, sealed, signature):
    assert signatures.callback("123456", stamp, nonce, sealed) == signature


def test_a_sealed_callback_opens(seal):
    assert seal.open(ECHO) == b"5927782489442352469"
    assert b"<Content><![CDATA[test]]></Content>" in seal.open(SEALED)


def test_a_callback_is_sealed(seal):
    sealed = seal.seal(MESSAGE.encode(), salt=b"1234567890123456")
    assert sealed.startswith("9s4gMv99m88kKTh/H8IdkOiMg6bisoy3ypwy9H4h")
    signed = signatures.callback("123456", "1411525903", "461056294", sealed)
    assert signed == "407518b7649e86ef23978113f92d27afa9296533"
    assert seal.open(sealed) == MESSAGE.encode()


def test_each_seal_has_a_salt_of_its_own(seal):
    assert seal.seal(b"a") != seal.seal(b"a")


@pytest.mark.parametrize(
    "text", ["", "AAAA", "not base64 ×", SEALED[:-4], SEALED[4:], base64.b64encode(b"\0" * 32).decode()]
)
def test_what_is_damaged_does_not_open(seal, text):
    with pytest.raises(NotOurs):
        seal.open(text)


def test_a_callback_for_another_program_does_not_open():
    with pytest.raises(NotOurs):
        CallbackSeal(KEY, "wx0000000000000000").open(SEALED)


@pytest.mark.parametrize("key", ["", "short", KEY + "A", "×" * 43])
def test_a_key_that_is_none_is_refused(key):
    with pytest.raises(ValueError, match="EncodingAESKey"):
        CallbackSeal(key, RECEIVER)


def test_open_data_opens():
    found = open_data(OPEN_DATA, IV, SESSION_KEY, APPID)
    assert found["openId"] == "oGZUI0egBJY1zhBYw2KhdUfwVJJE"
    assert found["unionId"] == "ocMvos6NjeKLIBqg5Mr9QjxrP1FA"
    assert (found["nickName"], found["watermark"]) == ("Band", {"timestamp": 1477314187, "appid": APPID})


@pytest.mark.parametrize(
    ("data", "iv", "key", "appid"),
    [
        (OPEN_DATA, IV, SESSION_KEY, "wx0000000000000000"),
        (OPEN_DATA, IV, "AAAAAAAAAAAAAAAAAAAAAA==", APPID),
        (OPEN_DATA[:-8], IV, SESSION_KEY, APPID),
        (OPEN_DATA, "short", SESSION_KEY, APPID),
        (OPEN_DATA, IV, "", APPID),
    ],
)
def test_open_data_of_others_does_not_open(data, iv, key, appid):
    with pytest.raises(NotOurs):
        open_data(data, iv, key, appid)


@pytest.mark.parametrize("length", range(33))
def test_callbacks_are_padded_to_whole_blocks_of_32(seal, length):
    sealed = seal.seal(b"x" * length)
    assert len(base64.b64decode(sealed)) % 32 == 0
    assert seal.open(sealed) == b"x" * length


@pytest.mark.parametrize("pad", [b"\0\x02", b"\x02\x01\x03", b"\0" * 31 + b"\x20", b"\x21" * 33, b"\0"])
def test_a_pad_whose_bytes_do_not_agree_does_not_open(pad):
    # As seal() makes it, but for the pad: what is left without it would be a good message.
    key = base64.b64decode(KEY + "=")
    message = b"x" * ((-20 - len(RECEIVER) - len(pad)) % 32)
    plain = b"1" * 16 + len(message).to_bytes(4, "big") + message + RECEIVER.encode() + pad
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    with pytest.raises(NotOurs):
        CallbackSeal(KEY, RECEIVER).open(base64.b64encode(encryptor.update(plain) + encryptor.finalize()).decode())
