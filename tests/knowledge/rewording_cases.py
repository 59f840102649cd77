"""Rewordings of made-up clauses, each with what became of it: said well, or not to be said. Written by hand."""

from __future__ import annotations

from typing import Final

DOG: Final = "携犬出户的，应当束犬链，由成年人牵领。违反前款规定的，由公安机关处五百元以下罚款。"
REGISTER: Final = "饲养犬只的，应当自饲养之日起三十日内，到居住地公安派出所办理登记；未经登记，不得养犬。"
NIGHT: Final = "夜间二十二时至次日六时，禁止在居民区进行建筑施工，但是抢修作业除外。"
REFUND: Final = "消费者可以自收到商品之日起七日内退货，且无需说明理由。"
SUBSIDY: Final = "年满八十周岁的老年人，可以申请津贴，每月一百元；年满九十周岁的，每月五百元。"
FINE: Final = "个人违反本规定的，处二百元罚款；单位违反本规定的，处五千元以上二万元以下罚款。"
LEASE: Final = "出租人应当自签订租赁合同之日起15个工作日内，向街道办事处备案，不得收取费用。"
PERMIT: Final = "经市容管理部门批准，可以临时占用道路；占用期限不得超过十日。"
TREE: Final = "砍伐树木应当经园林部门批准，并补种三倍以上的树木。"
NOISE: Final = "装修房屋的，工作日十二时至十四时不得从事产生噪声的作业，节假日全天不得从事。"

FAITHFUL: Final = (
    (DOG, "带狗出门要拴狗链，由大人牵着。违反规定的，公安机关罚款500元以下。"),
    (DOG, "带狗出门的话，必须束犬链，由成年人牵领。如果违反，由公安机关处500元以下的罚款。"),
    (REGISTER, "养狗的，要从饲养之日起30天内，去居住地派出所办登记；没有登记，不能养狗。"),
    (REGISTER, "饲养犬只，应当在饲养之日起三十天内到居住地的公安派出所办理登记。未登记的，禁止养犬。"),
    (NIGHT, "晚上22点到次日6点，不能在居民区进行建筑施工，但抢修作业除外。"),
    (REFUND, "消费者收到商品之日起7天内可以退货，不需要说明理由。"),
    (SUBSIDY, "满80岁的老人可以申请津贴，每月100元；满90岁的，每月500元。"),
    (FINE, "个人违反规定，罚款200元；单位违反规定，罚款5000元以上2万元以下。"),
    (LEASE, "出租人要在签订租赁合同之日起15个工作日内，去街道办事处备案，不能收费。"),
    (PERMIT, "经市容管理部门同意，可以临时占用道路。占用期限最多10天。"),
    (REGISTER, "养狗的人应当自饲养之日起30天内到居住地公安派出所办理登记；未登记，不得养狗。"),
    (NOISE, "工作日12时至14时，装修房屋不能从事产生噪声的作业；节假日全天不得从事。"),
    (SUBSIDY, "年满80周岁的老年人可以每月申请津贴100元；年满90周岁的，每月500元。"),
    (FINE, "个人违反本规定的，罚200元；单位违反本规定的，罚5000元以上20000元以下。"),
    (TREE, "砍树要经园林部门批准，还要补种3倍以上的树。"),
    (NOISE, "装修房屋，工作日12点到14点不能做有噪声的作业，节假日全天不能做。"),
)

FALSE: Final = (
    ("another amount", DOG, "带狗出门要拴狗链，由大人牵着。违反规定的，公安机关罚款5000元以下。"),
    ("the limit is gone", DOG, "带狗出门要拴狗链，由大人牵着。违反规定的，公安机关罚款500元。"),
    ("a sentence is gone", DOG, "带狗出门要拴狗链，由大人牵着。"),
    ("who leads it is gone", DOG, "带狗出门要拴狗链。违反规定的，公安机关罚款500元以下。"),
    ("it may instead of it must", DOG, "带狗出门可以拴狗链，由大人牵着。违反规定的，公安机关罚款500元以下。"),
    ("a sentence more", DOG, "带狗出门要拴狗链，由大人牵着。违反规定的，公安机关罚款500元以下。戴嘴套就没事。"),
    (
        "a sentence more, of its own words",
        DOG,
        "带狗出门要拴狗链，由大人牵着。违反规定的，公安机关罚款500元以下。成年人可以不束犬链。",
    ),
    ("another term", REGISTER, "养狗的，要从饲养之日起30个工作日内，去居住地派出所办登记；没有登记，不能养狗。"),
    ("the prohibition is gone", REGISTER, "养狗的，要从饲养之日起30天内，去居住地派出所办登记；没有登记，也能养狗。"),
    ("the condition is gone", REGISTER, "养狗的，要从饲养之日起30天内，去居住地派出所办登记；不能养狗。"),
    ("another place", REGISTER, "养狗的，要从饲养之日起30天内，去居住地街道或者社区办登记；没有登记，不能养狗。"),
    (
        "something to bring",
        REGISTER,
        "养狗的，要从饲养之日起30天内，带身份证去居住地派出所办登记；没有登记，不能养狗。",
    ),
    ("the exception is gone", NIGHT, "晚上22点到次日6点，不能在居民区施工。"),
    ("the exception is turned", NIGHT, "晚上22点到次日6点，不能在居民区施工，包括抢修。"),
    ("another hour", NIGHT, "晚上23点到次日6点，不能在居民区施工，但抢修除外。"),
    ("reasons are wanted", REFUND, "消费者收到商品之日起7天内可以退货，需要说明理由。"),
    ("amounts changed places", SUBSIDY, "满80岁的老人可以申请津贴，每月500元；满90岁的，每月100元。"),
    ("ages changed places", SUBSIDY, "满90岁的老人可以申请津贴，每月100元；满80岁的，每月500元。"),
    ("a year instead of a month", SUBSIDY, "满80岁的老人可以申请津贴，每年100元；满90岁的，每年500元。"),
    ("who pays what changed places", FINE, "单位违反规定，罚款200元；个人违反规定，罚款5000元以上2万元以下。"),
    ("a factor of ten", FINE, "个人违反规定，罚款200元；单位违反规定，罚款5000元以上20万元以下。"),
    ("a fee", LEASE, "出租人要在签订租赁合同之日起15个工作日内，去街道办事处备案，可以收费。"),
    ("another date to count from", LEASE, "出租人要在搬家之日起15个工作日内，去街道办事处备案，不能收费。"),
    (
        "a telephone number",
        LEASE,
        "出租人要在签订租赁合同之日起15个工作日内，去街道办事处备案，不能收费，电话12345678。",
    ),
    ("without the approval", PERMIT, "可以临时占用道路；占用期限最多10天。"),
    ("at least instead of at most", PERMIT, "经市容管理部门同意，可以临时占用道路。占用期限最少10天。"),
    ("another title", PERMIT, "根据《道路法》，经市容管理部门同意，可以临时占用道路。占用期限最多10天。"),
    ("replanting is gone", TREE, "砍树要经园林部门批准。"),
    ("no approval", TREE, "砍树不要经园林部门批准，还要补种3倍以上的树。"),
    ("holidays turned", NOISE, "装修房屋，工作日12点到14点不能做有噪声的作业，节假日全天可以做。"),
    ("hours of the wrong days", NOISE, "装修房屋，节假日12点到14点不能做有噪声的作业，工作日全天不能做。"),
    (
        "talk of the machine",
        REFUND,
        "好的，以下是改写：消费者收到商品之日起7天内可以退货，不需要说明理由。希望对您有帮助。",
    ),
    ("another language", REFUND, "消费者收到商品之日起7天内可以退货，不需要说明理由 no reason needed。"),
    ("nothing", REFUND, "……"),
)

# Written after the rules had been made. At the first look 16 of the 18 false ones were refused; the rules were mended
# by the other two. Three of the eight faithful ones are refused: too free for the check.
FERTILISER: Final = "使用单位应当在每年三月三十一日前报送上一年度用水计划；逾期不报的，按照核定水量的百分之八十供水。"
LIFT: Final = "电梯使用单位应当每十五日至少进行一次维护，不得使用检验不合格的电梯。"
PARK: Final = "六周岁以下儿童或者身高一米三以下的儿童，免收公园门票。"
APPEAL: Final = "对处理决定不服的，可以自收到决定书之日起六十日内申请复议，也可以直接起诉。"
SCHOOL: Final = "学校周边二百米范围内，禁止设立网吧。已经设立的，应当限期迁出。"
FIRE: Final = "任何单位和个人不得占用消防通道；占用的，对单位处五千元以上五万元以下罚款，对个人处五百元以下罚款。"

FURTHER_FAITHFUL: Final = (
    (FERTILISER, "用水单位要在每年3月31日前报上一年度的用水计划；到期不报的，按核定水量的80%供水。"),
    (LIFT, "用电梯的单位每15天至少维护一次，检验不合格的电梯不能用。"),
    (LIFT, "电梯使用单位必须每15天至少进行一次维护，不能使用检验不合格的电梯。"),
    (PARK, "6岁以下或者身高1.3米以下的儿童，公园门票免费。"),
    (APPEAL, "对处理决定不服，可以在收到决定书之日起60天内申请复议，也可以直接起诉。"),
    (SCHOOL, "学校周边200米范围内，不能开网吧。已经开了的，要限期搬走。"),
    (SCHOOL, "学校周边200米内禁止设立网吧。已经设立的，必须限期迁出。"),
    (FIRE, "单位和个人都不能占用消防通道；占用的，单位罚5000元以上50000元以下，个人罚500元以下。"),
)
FURTHER_FALSE: Final = (
    ("a later day", FERTILISER, "用水单位要在每年3月31日后报上一年度的用水计划；到期不报的，按核定水量的80%供水。"),
    ("of this year", FERTILISER, "用水单位要在每年3月31日前报本年度用水计划；到期不报的，按核定水量的80%供水。"),
    ("another share", FERTILISER, "用水单位要在每年3月31日前报上一年度的用水计划；到期不报的，按核定水量的18%供水。"),
    ("who has reported", FERTILISER, "用水单位要在每年3月31日前报上一年度的用水计划；报了的，按核定水量的80%供水。"),
    ("at most", LIFT, "电梯使用单位必须每15天最多进行一次维护，不能使用检验不合格的电梯。"),
    ("those that passed", LIFT, "电梯使用单位必须每15天至少进行一次维护，不能使用检验合格的电梯。"),
    ("and", PARK, "6岁以下并且身高1.3米以下的儿童，免收公园门票。"),
    ("half price", PARK, "6岁以下儿童或者身高1.3米以下的儿童，公园门票半价。"),
    ("above", PARK, "6岁以上儿童或者身高1.3米以上的儿童，免收公园门票。"),
    ("must", APPEAL, "对处理决定不服，必须在收到决定书之日起60天内申请复议，也可以直接起诉。"),
    ("only after that", APPEAL, "对处理决定不服，可以在收到决定书之日起60天内申请复议，复议后才可以起诉。"),
    ("from another day", APPEAL, "对处理决定不服，可以在决定作出之日起60天内申请复议，也可以直接起诉。"),
    ("may stay", SCHOOL, "学校周边200米内禁止设立网吧。已经设立的，可以不迁出。"),
    ("outside", SCHOOL, "学校周边200米外，禁止设立网吧。已经设立的，应当限期迁出。"),
    ("kilometres", SCHOOL, "学校周边200公里范围内，禁止设立网吧。已经设立的，应当限期迁出。"),
    ("who pays", FIRE, "单位和个人都不能占用消防通道；占用的，个人罚5000元以上50000元以下，单位罚500元以下。"),
    ("nobody pays", FIRE, "单位和个人都不能占用消防通道。"),
    ("only units", FIRE, "单位不能占用消防通道；占用的，单位罚5000元以上50000元以下，个人罚500元以下。"),
)
