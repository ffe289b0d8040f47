"""Questions in plain words that anybody answers at once and a screen reader reads out; never a picture."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """``answers`` are the right ones as people write them; figures and Chinese numerals count as the same."""

    text: str
    answers: tuple[str, ...]


# The place in this tuple is sealed into a challenge that lives half an hour: add at the end, take nothing out.
POOL: tuple[Question, ...] = (
    Question("三加四等于几？请写数字。", ("7",)),
    Question("二加六等于几？请写数字。", ("8",)),
    Question("五加五等于几？请写数字。", ("10",)),
    Question("九减三等于几？请写数字。", ("6",)),
    Question("十减一等于几？请写数字。", ("9",)),
    Question("八减四等于几？请写数字。", ("4",)),
    Question("一加一等于几？请写数字。", ("2",)),
    Question("七减二等于几？请写数字。", ("5",)),
    Question("六加三等于几？请写数字。", ("9",)),
    Question("十加二等于几？请写数字。", ("12",)),
    Question("一个星期有几天？请写数字。", ("7",)),
    Question("一年有几个月？请写数字。", ("12",)),
    Question("一个人有几只手？请写数字。", ("2", "两")),
    Question("一只手有几根手指？请写数字。", ("5",)),
    Question("一只猫有几条腿？请写数字。", ("4",)),
    Question("自行车有几个轮子？请写数字。", ("2", "两")),
    Question("一年有几个季节？请写数字。", ("4",)),
    Question("一双筷子有几根？请写数字。", ("2", "两")),
    Question("红色、苹果、蓝色，哪个能吃？", ("苹果",)),
    Question("石头、馒头、板凳，哪个能吃？", ("馒头",)),
    Question("米饭、钥匙、雨伞，哪个能吃？", ("米饭", "饭")),
    Question("汽车、桌子、碗，哪个能在马路上开？", ("汽车", "车")),
    Question("猫、椅子、茶杯，哪个会叫？", ("猫",)),
    Question("鱼、鸡、牛，哪个生活在水里？", ("鱼",)),
    Question("小鸟、水缸、枕头，哪个会飞？", ("小鸟", "鸟")),
    Question("雨伞、毛巾、枕头，下雨天打哪个？", ("雨伞", "伞")),
    Question("茶水、沙子、木头，哪个能喝？", ("茶水", "茶")),
    Question("毛衣、冰块、风扇，冬天穿哪个？", ("毛衣",)),
    Question("菜刀、电话、扫帚，用哪个打电话？", ("电话",)),
    Question("脸盆、鞋子、帽子，哪个穿在脚上？", ("鞋子", "鞋")),
    Question("手套、袜子、帽子，哪个戴在头上？", ("帽子", "帽")),
    Question("剪刀、被子、锅，睡觉盖哪个？", ("被子", "被")),
    Question("“大”的反面是哪个字？", ("小",)),
    Question("“上”的反面是哪个字？", ("下",)),
    Question("“左”的反面是哪个字？", ("右",)),
    Question("“多”的反面是哪个字？", ("少",)),
    Question("“冷”的反面是哪个字？", ("热", "暖")),
    Question("“高”的反面是哪个字？", ("低", "矮")),
    Question("“白天”过了是什么？", ("晚上", "黑夜", "夜晚", "夜里", "夜", "黑天", "晚")),
    Question("春、夏、秋后面是哪个季节？", ("冬", "冬天", "冬季")),
    Question("星期一的后一天是星期几？", ("2", "星期2", "周2", "礼拜2")),
    Question("星期三的后一天是星期几？", ("4", "星期4", "周4", "礼拜4")),
    Question("“一、二、三、四”后面是几？请写数字。", ("5",)),
    Question("晴天的太阳是热的还是冷的？", ("热",)),
    Question("冰是热的还是冷的？", ("冷", "冰", "凉")),
    Question("糖是甜的还是苦的？", ("甜",)),
    Question("雪是白的还是黑的？", ("白", "白色")),
    Question("大象和蚂蚁，哪个大？", ("大象", "象")),
)
