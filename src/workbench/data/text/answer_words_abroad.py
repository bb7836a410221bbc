"""The words of scales in languages beside English, German and Chinese, and faces."""

from __future__ import annotations

from typing import Final

#: Words in which there is no answer, parted by "|".
NO_ANSWER_ABROAD: Final = (
    "no sé|no sabe|no aplica|no contesta|ns/nc|sin respuesta|ne sait pas|je ne sais pas"
    "|sans réponse|non concerné|わからない|分からない|無回答|該当なし|non so|não sei|não se aplica"
    "|ne se prononce pas|nsp|non applicable|je ne me prononce pas|pas de réponse|sans objet"
    "|затрудняюсь ответить|не знаю|нет ответа|не применимо|отказ|не пользовался|не пользовалась"
    "|모름|모르겠다|잘 모르겠다|해당 없음|무응답|weet ik niet|geen mening|niet van toepassing|n.v.t"
    "|nie wiem|nie dotyczy|brak odpowiedzi|prefiero no contestar|prefiero no responder"
    "|sin opinión|non risponde|non applicabile|preferisco non rispondere|não respondeu"
)
# "A / B" are two ways to write one step; steps are parted by "|".
ABROAD: Final = {
    "satisfaction": (
        "совсем не удовлетворен / совершенно не удовлетворен / полностью не удовлетворен"
        " / очень недоволен / совсем не удовлетворена / очень недовольна"
        " | скорее не удовлетворен / не удовлетворен / недоволен / скорее не удовлетворена"
        " / недовольна / скорее недоволен | нейтрально / ни то ни другое"
        " | скорее удовлетворен / удовлетворен / доволен / скорее удовлетворена / довольна"
        " / скорее доволен"
        " | полностью удовлетворен / очень доволен / полностью удовлетворена / очень довольна",
        "매우 불만족 / 매우 불만 / 매우 불만족한다 / 매우 불만족함 / 전혀 만족하지 않음"
        " | 불만족 / 불만 / 불만족한다 / 불만족함 | 보통 / 보통이다"
        " | 만족 / 만족한다 / 만족함 | 매우 만족 / 매우 만족한다 / 매우 만족함",
        "zeer ontevreden | ontevreden | neutraal / niet tevreden, niet ontevreden | tevreden"
        " | zeer tevreden",
        "bardzo niezadowolony / bardzo niezadowolona | niezadowolony / niezadowolona"
        " | ani zadowolony, ani niezadowolony / neutralnie | zadowolony / zadowolona"
        " | bardzo zadowolony / bardzo zadowolona",
        # faces, from the angriest to the happiest
        "😡 / 😠 / 🤬 / 😭 / 😢 / 😫 | 🙁 / ☹ / 😞 / 😟 / 😕 / 😔 | 😐 / 😑 / 😶 | 🙂 / ☺ / 😊 / 😀"
        " | 😍 / 😁 / 😄 / 😃 / 🤩 / 🥰",
        "😡 / 😠 / ☹ / 🙁 / 😞 / 😟 / 😕 / 😢 | 😐 / 😑 / 😶 | 🙂 / ☺ / 😊 / 😀 / 😍 / 😃 / 😄",
        "muy insatisfecho / muy insatisfecha / nada satisfecho / nada satisfecha"
        " | insatisfecho / insatisfecha / poco satisfecho / poco satisfecha"
        " | neutral / ni satisfecho ni insatisfecho / ni satisfecha ni insatisfecha / indiferente"
        " / regular | satisfecho / satisfecha / algo satisfecho / algo satisfecha"
        " | muy satisfecho / muy satisfecha / totalmente satisfecho / totalmente satisfecha",
        "très insatisfait / très insatisfaite / pas du tout satisfait / pas du tout satisfaite"
        " | insatisfait / insatisfaite / plutôt insatisfait / peu satisfait / pas satisfait"
        " | neutre / ni satisfait ni insatisfait / moyennement satisfait"
        " | satisfait / satisfaite / plutôt satisfait / plutôt satisfaite"
        " | très satisfait / très satisfaite / tout à fait satisfait",
        "pas du tout satisfait / très insatisfait | peu satisfait / plutôt pas satisfait"
        " / plutôt insatisfait | plutôt satisfait / satisfait | très satisfait",
        "とても不満 / 非常に不満 / 大変不満 / 大いに不満 | 不満 / やや不満"
        " | どちらともいえない / どちらとも言えない / 普通 / ふつう / どちらでもない"
        " | 満足 / やや満足 / まあ満足 | とても満足 / 非常に満足 / 大変満足 / 大いに満足",
        "molto insoddisfatto / per niente soddisfatto | insoddisfatto / poco soddisfatto"
        " | neutrale / né soddisfatto né insoddisfatto | soddisfatto / abbastanza soddisfatto"
        " | molto soddisfatto",
        "muito insatisfeito / muito insatisfeita | insatisfeito / insatisfeita"
        " | neutro / nem satisfeito nem insatisfeito / indiferente | satisfeito / satisfeita"
        " | muito satisfeito / muito satisfeita",
    ),
    "agreement": (
        "полностью не согласен / полностью не согласна / совершенно не согласен / категорически не"
        " согласен / абсолютно не согласен | скорее не согласен / скорее не согласна / не согласен"
        " / не согласна | нейтрально / ни то ни другое / ни да ни нет / отчасти согласен"
        " / ни согласен, ни не согласен / и да и нет | скорее согласен / скорее согласна / согласен"
        " / согласна | полностью согласен / полностью согласна / абсолютно согласен",
        "полностью не согласен / полностью не согласна | скорее не согласен / скорее не согласна"
        " | скорее согласен / скорее согласна | полностью согласен / полностью согласна",
        "전혀 그렇지 않다 / 전혀 동의하지 않음 / 매우 그렇지 않다 / 전혀 아니다"
        " / 전혀 동의하지 않는다"
        " | 그렇지 않다 / 동의하지 않음 / 별로 그렇지 않다 / 아니다 / 동의하지 않는다"
        " | 보통이다 / 보통 / 그저 그렇다 | 그렇다 / 동의함 / 대체로 그렇다 / 동의한다"
        " | 매우 그렇다 / 매우 동의함 / 매우 동의한다",
        "helemaal mee oneens / zeer mee oneens | mee oneens / oneens | neutraal / niet eens, niet"
        " oneens / noch mee eens, noch mee oneens | mee eens / eens | helemaal mee eens"
        " / zeer mee eens",
        "zdecydowanie się nie zgadzam / zdecydowanie nie | raczej się nie zgadzam / raczej nie"
        " | trudno powiedzieć / ani tak, ani nie | raczej się zgadzam / raczej tak"
        " | zdecydowanie się zgadzam / zdecydowanie tak",
        "totalmente en desacuerdo / muy en desacuerdo | en desacuerdo / algo en desacuerdo"
        " | ni de acuerdo ni en desacuerdo / neutral / indiferente"
        " | de acuerdo / algo de acuerdo | totalmente de acuerdo / muy de acuerdo",
        "pas du tout d'accord / tout à fait en désaccord | pas d'accord / plutôt pas d'accord"
        " / en désaccord | neutre / ni d'accord ni pas d'accord / sans opinion"
        " | d'accord / plutôt d'accord | tout à fait d'accord / totalement d'accord",
        "pas du tout d'accord | plutôt pas d'accord / pas d'accord | plutôt d'accord / d'accord"
        " | tout à fait d'accord",
        "全くそう思わない / まったくそう思わない / 全く当てはまらない / まったく当てはまらない"
        " | そう思わない / あまりそう思わない / 当てはまらない / あまり当てはまらない"
        " | どちらともいえない / どちらとも言えない / どちらでもない"
        " | そう思う / ややそう思う / まあそう思う / 当てはまる / やや当てはまる"
        " | 非常にそう思う / とてもそう思う / 強くそう思う / 非常に当てはまる / とても当てはまる",
        "completamente in disaccordo / molto in disaccordo | in disaccordo"
        " | neutrale / né d'accordo né in disaccordo | d'accordo"
        " | completamente d'accordo / molto d'accordo",
        "discordo totalmente | discordo / discordo parcialmente"
        " | neutro / nem concordo nem discordo / indiferente | concordo / concordo parcialmente"
        " | concordo totalmente",
    ),
    "quality": (
        "очень плохо | плохо | удовлетворительно / нормально / средне | хорошо | отлично"
        " / очень хорошо",
        "매우 나쁨 / 매우 나쁘다 | 나쁨 / 나쁘다 | 보통 / 보통이다 | 좋음 / 좋다"
        " | 매우 좋음 / 매우 좋다",
        "muy malo / muy mala / pésimo | malo / mala | regular / aceptable / normal"
        " | bueno / buena | muy bueno / muy buena / excelente",
        "très mauvais / très mauvaise | mauvais / mauvaise | moyen / moyenne / passable / correct"
        " | bon / bonne | très bon / très bonne / excellent",
        "とても悪い / 非常に悪い | 悪い / やや悪い | 普通 / ふつう / どちらともいえない"
        " | 良い / やや良い / よい | とても良い / 非常に良い / とてもよい / 非常によい",
    ),
    "likelihood": (
        "muy improbable / nada probable | improbable / poco probable | neutral / ni probable ni"
        " improbable | probable / bastante probable | muy probable / extremadamente probable",
    ),
}  # fmt: skip
