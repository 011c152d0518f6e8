"""The signs of an instruction to a machine in a text that should only inform: our own patterns, each with the weight it adds (0..1). Texts come in small letters.

A radiograph's text orders things too ("disregard prior report", "override pacing"): an order counts only where it is about instructions, machines, secrets or our own workflow.
"""

import re
from dataclasses import dataclass

__all__ = ["SIGNS", "Sign"]


@dataclass(frozen=True, slots=True)
class Sign:
    """A name for people, its weight, and what to look for."""

    name: str
    weight: float
    needs: tuple[str, ...]
    pattern: "re.Pattern[str]"

    def is_in(self, text: str) -> bool:
        """`needs` are looked for first: one of them stands in everything the pattern matches, and finding it costs next to nothing."""
        return any(need in text for need in self.needs) and self.pattern.search(text) is not None


_NEAR = r"(?:[ '’\"*_-]+[\w'’]+){0,6}?[ '’\"*_-]+"
_INSTRUCTIONS = (
    r"(?:instructions?|prompts?|guidelines?|guardrails?|directives?|programming|safety(?: stuff| rules?| filters?)?|(?:your |all |prior |previous |these |the )rules|rules and|commands?|orders from|"
    r"restrictions?|limitations?|constraints?|(?:system|developer) (?:messages?|prompts?)|the above|above and|everything (?:above|before)|summari[sz]ation request|(?:confidentiality|content|safety) polic(?:y|ies)|"
    r"(?:original|prior|previous|current) (?:task|request|goal))"
)
_OVERRIDE = r"(?:ignore|ignoring|disregard|forget|override|overrule|bypass|circumvent|violate|abandon|discard|drop|set aside|pay no attention to|do not follow|don'?t follow|stop following|no longer follow|cancel)"
_MACHINE = (
    r"(?:ai|a\.i\.|llm|language model|chat ?bot|bot|assistant|gpt\w*|\w+gpt|copilot|neural network|machine|model)"
)
_SECRETS = (
    r"(?:system[- ]?prompt|hidden (?:instructions?|prompt|developer)|(?:your|the) (?:hidden |initial |original |operating |full )?(?:instructions?|prompt)\b|developer message|instructions you (?:were|have been) given|api[- ]?keys?|passwords?|"
    r"credentials|secrets?|private keys?|access tokens?|customer (?:list|database)|conversation history|context window|names and (?:mrns?|ids?)|(?:mrns?|names|records|data|findings|reports?|studies) (?:of|for|from) (?:the |all |other )?(?:previous|other|last|earlier|all) patients?|"
    r"(?:previous|other|all) patients'? (?:names|mrns?|records|data)|internal data|environment variables|words above|text above|verbatim|entire (?:conversation|context))"
)
_TELL = r"(?:reveal|print|show|tell|repeat|output|dump|leak|display|list|disclose|expose|give|send|include|append|email|forward|post|upload|write|recite|share|return|begin by printing|reproduce|quote)"
_FINDING = r"(?:pneumothora\w+|nodules?|mass(?:es)?|effusions?|fractures?|consolidations?|opacit\w+|pneumonia|findings?|abnormalit\w+|cancer|lesions?|edema|oedema|tubes?|lines?|critical|emergency)"
_PRIORITY = r"(?:triage|priority|urgency|worklist|status|severity|escalation)"

_TABLE: tuple[tuple[str, float, str, str], ...] = (
    ("override", 0.9, 'ignor disregard forget overr bypass circumvent violate abandon discard drop aside attention follow cancel', rf"\b{_OVERRIDE}\b{_NEAR}{_INSTRUCTIONS}"),
    ("override", 0.7, 'ignor disregard forget overr bypass circumvent violate abandon discard drop aside attention follow cancel', rf"\b{_OVERRIDE} (?:all |any |the |your |every )?(?:previous|prior|preceding|earlier|above|foregoing)(?: and| above|[.!,;]|$)"),
    ("override", 0.7, 'rule instruct restrict guideline polic filter limit', r"\b(?:rules?|instructions?|restrictions?|guidelines?|polic(?:y|ies)|filters?|limits?)\b[^.]{0,40}\b(?:no longer appl|do(?:es)? ?n[o']t apply|are (?:void|cancelled|suspended|lifted|compromised))"),
    ("override", 0.8, 'task instruct objective directive prompt order goal rule', r"\b(?:new|updated?|real|actual|revised|next|following) (?:task|instructions?|objective|directive|system prompt|orders?|goal|rules?)\s*(?::|is to\b|are to\b)"),
    ("override", 0.6, 'task', r"\b(?:prior|previous|current|original) task (?:is|was|has been) (?:cancell?ed|void|complete|over|changed)"),
    ("override", 0.7, 'from', r"\bfrom (?:now|this point|here) (?:on|forward|onwards?)\b[^.]{0,40}\b(?:you|respond|answer|ignore|obey|act|reply|always|never)"),
    ("override", 0.9, 'ignorier missacht vergiss vergess übergeh überschreib verwirf', r"\b(?:ignorier|missacht|vergiss|vergess|übergeh|überschreib|verwirf)\w*\b[^.]{0,50}?\b(?:anweisung|instruktion|vorgab|regel|befehl|richtlini|vorherig\w+ text|system)\w*"),
    ("override", 0.8, 'neue echte aktualisierte sofort jetzt', r"\b(?:neue|echte|aktualisierte) (?:anweisung|instruktion|aufgabe|befehl)\w*\s*:|\bab (?:sofort|jetzt)\b[^.]{0,30}\b(?:gibst|bist|sollst|musst|antworte)"),
    ("override", 0.9, 'ignor oubli néglig neglig passe contourn', r"\b(?:ignor|oubli|néglig|neglig|passe outre|contourn)\w*\b[^.]{0,50}?\b(?:instruction|consigne|règle|regle|directive|ordre|restriction)s?\b"),
    ("override", 0.7, 'gle consigne instruction restriction sans nouvelle', r"\b(?:règles?|regles?|consignes?|instructions?|restrictions?)\b[^.]{0,40}\b(?:ne s[’']appliqu|ne sont plus)|\bsans (?:aucune )?(?:restriction|limite|filtre)s?\b|\bnouvelles? (?:instruction|consigne|tâche)s?\s*:"),
    ("override", 0.9, 'ignor olvid descart omit desatiend desobede', r"\b(?:ignor|olvid|descart|omit|desatiend|desobede)\w*\b[^.]{0,50}?\b(?:instrucci[oó]n|instrucciones|reglas?|órdenes|ordenes|directrices|indicaciones|restricciones|prompt)\b"),
    ("override", 0.9, 'ignor dimentic scart trascur desconsider esque descart', r"\b(?:ignor|dimentic|scart|trascur|desconsider|esqueç|esquec|descart)\w*\b[^.]{0,50}?\b(?:istruzion|regol|direttiv|comand|instruç|instruc|regras|ordens|ordini|restrizion)\w*"),
    ("override", 0.8, 'nuevas nuove novas nowe nieuwe nya sin senza', r"\b(?:nuevas|nuove|novas|nowe|nieuwe|nya) (?:instrucciones|istruzioni|instruções|instrukcje|instructies|instruktioner)\s*:|\bsin (?:ninguna )?(?:restricci|límite|limite|filtro)\w*|\bsenza (?:alcun\w* )?(?:restrizion|limit|filtr)\w*"),
    ("override", 0.9, 'negeer vergeet ignoruj zapomnij ignorera glöm yoksay unut görmezden talimat komut', r"\b(?:negeer|vergeet)\b[^.]{0,50}?\b(?:instructies|regels|opdrachten)|\b(?:zignoruj|ignoruj|zapomnij)\b[^.]{0,50}?\b(?:instrukcj|polece|zasad)\w*|\b(?:ignorera|glöm)\b[^.]{0,50}?\b(?:instruktion|regl)\w*|\b(?:yoksay|unut|görmezden)\w*\b|\b(?:talimat|komut)\w*\b[^.]{0,30}\b(?:yok ?say|unut|görmezden)\w*"),
    ("override", 0.9, '忽略 无视 無視 忘 不要 绕过 新的 最新', r"(?:忽略|无视|無視|忘记|忘掉|不要理会|不要遵守|绕过).{0,14}(?:指令|指示|规则|規則|提示|命令|要求)|(?:新的|最新)(?:指令|任务)[:：]"),
    ("override", 0.9, '無視 忘れ 破棄 従わない 新しい', r"(?:指示|命令|ルール|プロンプト|規則|指令|制限).{0,10}(?:無視|忘れ|破棄|従わない)|(?:無視|忘れ).{0,10}(?:指示|命令|ルール)|新しい(?:指示|タスク)[:：]"),
    ("override", 0.9, 'تجاهل انس تجاوز اهمل أهمل', r"(?:تجاهل|انس|انسَ|تجاوز|اهمل|أهمل).{0,24}(?:التعليمات|تعليمات|الأوامر|القواعد|التوجيهات)"),
    ("override", 0.9, 'игнориру забудь отмени 무시 잊 अनदेखा भूल', r"(?:игнориру|забудь|проигнорируй|отмени)\w*.{0,40}(?:инструкци|указани|правил|команд)\w*|(?:이전|모든|위의).{0,12}(?:지시|명령|규칙|프롬프트).{0,8}(?:무시|잊)|(?:निर्देश|आदेश)\w*.{0,20}(?:अनदेखा|भूल)"),
    ("asks a machine", 0.7, 'note message notice important attention reminder instruction', rf"\b(?:note|message|notice|important|attention|reminder|instructions?) (?:to|for) (?:the |any |all |an )?{_MACHINE}\b"),
    ("asks a machine", 0.7, 'dear hey hello attention listen', r"\b(?:dear|hey|hello|attention|listen,?) (?:the )?(?:ai|llm|language model|chat ?bot|bot|gpt\w*|ai (?:system|assistant|model)|assistant)\b"),
    ("asks a machine", 0.8, 'if you', r"\bif you(?:'re| are) (?:an? |the )?(?:ai|llm|large language|language model|chat ?bot|bot|assistant|machine|automated)"),
    ("asks a machine", 0.7, 'as you', r"\bas (?:an? |the )(?:ai|llm|language model|assistant|chat ?bot)\b|\byou(?:'re| are) (?:now )?(?:an? |the )?(?:\w+gpt|gpt\w*|ai|llm|language model|chat ?bot|dan|unrestricted|jailbroken)\b"),
    ("asks a machine", 0.6, 'any when before your every each', r"\bany (?:ai|automated) (?:system|assistant|model|agent)\b|\bwhen you (?:summari[sz]e|process|read|answer|respond|report)\b|\bbefore (?:you reply|responding|answering|replying)\b|\b(?:your|every|each|any) (?:next |future )?(?:reply|response|answer|output|summary)\b"),
    ("asks a machine", 0.7, 'mode jailbreak anything', r"\b(?:in|into) (?:maintenance|developer|debug|god|admin|unrestricted|dan|sudo|root) mode\b|\bjailbreak|\bdo anything now\b|\b(?:maintenance|developer|debug) mode[: ]"),
    ("asks a machine", 0.6, 'you', r"\byou (?:must|will|shall|should) (?:now |always |never )?(?:comply|obey|answer|respond|reply|output|include|ignore|report|print|say|write|append)\b|\byou are (?:hereby|now) (?:instructed|required|ordered|authori[sz]ed)"),
    ("asks a machine", 0.7, 'respond answer act behave reply talk pretend no without', r"\b(?:respond|answer|act|behave|reply|talk|pretend)\b[^.]{0,30}\b(?:as if|like) you (?:have|had|are|were) no\b|\bpretend (?:to be|that|you)\b|\b(?:no|without(?: any)?) (?:restrictions|filters?|limits?|rules|censorship|guardrails|safety|morals)\b"),
    ("asks a machine", 0.6, 'uncensored unrestricted unfiltered amoral ignore this', r"\b(?:uncensored|unrestricted|unfiltered|amoral) (?:\w+ )?(?:model|ai|assistant|mode|response|version)\b|\bignore the (?:user|patient|doctor|radiologist|reader)\b|\b(?:ai|llm|model|assistant|bot) (?:system )?(?:reading|processing|summari[sz]ing|parsing) this\b"),
    ("asks a machine", 0.6, 'safety security content you', r"\b(?:safety|security|content)\b[^.]{0,20}\b(?:protocols?|filters?|checks|rules|polic(?:y|ies)) (?:are |is |have been )?(?:disabled|off|removed|suspended|lifted)\b|\byour (?:rules|instructions|restrictions|polic(?:y|ies)) (?:have|has|are|were|is) (?:now )?(?:changed|updated|replaced|removed|void)|\byou (?:now |can |may )?(?:allow|permit) (?:all|any|every)"),
    ("asks a machine", 0.6, 'als ohne sprachmodell assistent chatbot en como', r"\bals (?:ki|assistent|sprachmodell)\b[^.]{0,60}\b(?:ohne|nicht|keine)\b|\bohne (?:jede )?(?:einschränkung|einschraenkung|beschränkung|filter)\w*|\b(?:sprachmodell|ki-assistent|chatbot)\b|\ben tant qu['’](?:ia|assistant|intelligence)|\bcomo (?:ia|asistente|modelo de lenguaje)\b"),
    ("asks a machine", 0.6, 'remember memory persist questions', r"\bremember (?:this )?for (?:all|every) future\b|\b(?:save|store|add) (?:this|the following) (?:to|in) (?:your )?(?:long-term )?memory\b|\bpersist(?:s|ed)? across\b|\bno questions asked\b|\bno questions\b$"),
    ("role markup", 0.8, '<', r"</?\s*(?:system|user|assistant|human|instructions?|prompt|context|tool\w*|function\w*|untrusted\w*|document|clinical_\w+|admin|im_start|im_end|data|input)\b[^>]{0,60}>"),
    ("role markup", 0.8, '<| [ << # :', r"<\|[\w ]{2,24}\|>|\[/?(?:inst|sys|system|assistant|user)\]|<<\s*/?sys\s*>>|^\s*#{2,4} ?(?:system|instruction|assistant|response|user)\b|\b(?:human|assistant|user):\s.{0,80}\b(?:assistant|human):\s"),
    ("role markup", 0.8, 'role system_prompt instruction function_call tool_call', r"[\"']role[\"']\s*:\s*[\"'](?:system|assistant|user|developer|tool)[\"']|[\"'](?:system_prompt|instructions?|function_call|tool_calls?)[\"']\s*:"),
    ("role markup", 0.7, '<!-- /* {{ {%', r"<!--.{0,300}?-->|/\*\s*(?:instruction|system|ai)\b|\{\{.{1,80}\}\}|\{%.{1,80}%\}"),
    ("role markup", 0.6, 'end begin start ---', r"\bend of (?:clinical (?:history|information|context)|context|input|document|prompt|user (?:input|data)|patient data|untrusted|conversation)\b|\b(?:begin|start) (?:system|new|admin) (?:prompt|instructions?|message)\b|(?<!-)-{3,40}\s*(?:end|system|new)\b"),
    ("role markup", 0.6, 'system nota note hinweis notiz', r"\bsystem\s*\([^)]{3,60}\)\s*:|(?:^|[.\n\]] ?)system(?: message| note| notice| override| alert)?:\s*(?:call|ignore|disregard|set|mark|print|report|do not|include|use|page|write|delete|cleanup|the prior|you)|\bsystem (?:note|override|notice|alert)\s*:|\b(?:nota|note|hinweis|notiz) (?:del sistema|du système|des systems|di sistema)\b"),
    ("role markup", 0.7, 'instruction output answer response example', r"\binstructions?\s*=|\b(?:output|answer|response|expected output)\s*:\s*\(?(?:always|only|exactly)\b|\bexample:.{0,60}\boutput:"),
    ("message syntax", 0.7, '\\.br\\ | (', r"\\\.br\\|\b(?:msh|obx|obr|pid|orc|nte)\|(?:\d|\^~)|\(\s*[0-9a-f]{6},\s*(?:dcm|srt|sct|ln|99\w+)\s*,\s*\"[^\"]{0,60}\"\s*\)\s*="),
    ("asks for secrets", 0.7, 'reveal print show tell repeat output dump leak display list disclose expose give send include append email forward post upload write recite share return reproduce quote', rf"\b{_TELL}\b{_NEAR}(?:me |us )?{_SECRETS}"),
    ("asks for secrets", 0.6, 'zeig gib verrat nenn drucke montre affiche révèle donne muestra revela imprime mostra rivela stampa', r"\b(?:zeig|gib|verrat|nenn|drucke)\w*\b[^.]{0,40}\b(?:system[- ]?(?:prompt|anweisung\w*|nachricht)|anweisungen|passw[oö]rt|zugangsdaten|internen? daten|geheim\w*)|\b(?:montre|affiche|révèle|donne|muestra|revela|imprime|mostra|rivela|stampa)\w*\b[^.]{0,40}\b(?:prompt|consignes|instrucciones|instructions|mot de passe|contraseñ\w+|password)"),
    ("asks for secrets", 0.6, '显示 输出 打印 透露 泄露 告诉 システム パスワード 内部指示 اعرض اطبع اكشف', r"(?:显示|输出|打印|透露|泄露|告诉).{0,10}(?:系统提示|提示词|指令|密码|密钥)|(?:システムプロンプト|パスワード|内部指示).{0,10}(?:表示|出力|教え|見せ)|(?:اعرض|اطبع|اكشف).{0,16}(?:النظام|التعليمات|كلمة)"),
    ("asks for secrets", 0.6, 'mail send forward upload post exfiltrat admin', r"\b(?:email|send|forward|upload|post|exfiltrat\w+)\b[^.]{0,60}(?:@\w+|https?://|\bto (?:the )?attacker|\bexternal\b)|\b(?:private|hidden|secret) admin\b"),
    ("link", 0.6, '[ ]( < markdown javascript: data:text', r"!\[[^\]]{0,80}\]\s*\(|\]\(\s*(?:https?|javascript|data):|<\s*(?:img|script|iframe|a|svg|object|link|meta|style)\b|\bmarkdown (?:image|link)\b|javascript:|data:text/html"),
    ("link", 0.5, 'http visit end', r"\bhttps?://(?:\d{1,3}\.){3}\d{1,3}\b|\bhttps?://\S{0,80}[?&]\w+=\S|\bvisit (?:https?://|www\.|\w+\.example)|\bend with ['\"]"),
    ("tool call", 0.7, 'call invoke use run execute trigger _', r"\b(?:call|invoke|use|run|execute|trigger|then call)\b(?: the| this| a)? ?[`'\"]?(?:\w{1,40}_\w{1,40}|\w{1,40}\()|\b\w{1,40}_\w{1,40}\([^)]{0,80}\)|\b(?:call|invoke|use|run) the \w+ (?:tool|function|api|plugin)\b"),
    ("tool call", 0.7, 'rm curl wget powershell sudo os. subprocess eval( exec( drop delete insert union select xp_ ${ __import__ --', r"\b(?:rm -rf|curl |wget |powershell|sudo |os\.system|subprocess|eval\(|exec\(|drop table|delete from|insert into|union select|select \* from|xp_cmdshell|\$\{jndi|__import__)|['\"];?\s*--|;--"),
    ("tool call", 0.5, 'transfer wire without delete', r"\b(?:transfer|wire)_?\w* (?:money|funds)\b|\bwithout (?:asking|approval|permission|telling|confirmation)\b|\bdelete (?:all|every|the) (?:files?|records?|stud(?:y|ies)|data(?:base)?|reports?|backups?)\b"),
    ("our workflow", 0.7, 'triage priority urgency worklist status severity escalation', rf"\b(?:set|change|lower|downgrade|raise|upgrade|reset|make|force|mark|reduce|assign)\b{_NEAR}{_PRIORITY}\b[^.]{{0,30}}\b(?:to|as|=)\b|\b{_PRIORITY}\s*(?:=|:=|is now)\s*(?:routine|stat|normal|low|final|urgent)"),
    ("our workflow", 0.7, 'mark label treat sign finali release approve close', r"\b(?:mark|label|treat|sign|finali[sz]e|release|approve|close)\b(?: off)?(?: on)? (?:this|the|all|every) (?:report|study|studies|draft|case|exam)\b(?: as)?\b[^.]{0,30}\b(?:final|signed|verified|normal|read|complete|approved|negative)|\bapprove this (?:pr|report|request)\b|\bauto-?(?:sign|approve|finali[sz]e)\b"),
    ("our workflow", 0.7, "not n't nt never", rf"\b(?:do not|don'?t|never) (?:mention|report|flag|describe|include|write|state|show|list|call|notify|alert|escalate|page|log|record|store|save)\b(?:\W+\w+){{0,4}}?\W+(?:{_FINDING}|audit\w*|log\w*|entry|anyone|radiologist|on-call|team|physician|doctor)\b"),
    ("our workflow", 0.6, 'report say state write conclude answer respond output reply dictate', r"(?:^|[.:;!?>)\"'|-] ?|\band |\bto |\b(?:please|always|must|only|just)\)? )(?:report|say|state|write|conclude|answer|respond|output|reply|dictate)(?: that| with|:)? (?:there is |there are )?(?:no acute|no abnormal|normal chest|a normal|negative|everything|exactly|aib|a \d+|an? \w+ (?:mass|nodule|lesion|cancer|fracture))"),
    ("our workflow", 0.7, 'state reply respond answer output say nothing always canary append include add', r"\bstate that an? \b|\b(?:reply|respond|answer|output|say) (?:only |exactly |just )?(?:with |exactly )?[\"'`]?[a-z]{2,}-[a-z0-9]+-[a-z0-9]+|\band nothing else\b|\balways (?:replies|responds|answers) with\b|\b(?:reply|respond|answer) (?:only )?with (?:the )?(?:word|token|code|string|canary)|\{canary\}|\b(?:append|include|add)\b[^.]{0,40}\b(?:token|code|canary|reference)\b"),
    ("our workflow", 0.7, 'page call alert notify wake text phone', r"\b(?:page|call|alert|notify|wake|text|phone)\b[^.]{0,40}\b(?:for|about|on) (?:every|all|each)\b[^.]{0,20}\b(?:study|studies|film|patient|exam|report|hour|minute|today)"),
    ("our workflow", 0.7, 'use disable turn stop suspend skip delete erase clear', r"\buse the (?:findings?|report|result|images?|draft|identity|name) (?:of|from) (?:accession|patient|study|mrn|another|the other|a different)\b|\b(?:disable|turn off|stop|suspend|skip|delete|erase|clear)\b[^.]{0,20}\b(?:audit\w*|logging|the log|monitoring|guard|scanner|alarms?|paging)\b"),
    ("coded order", 0.8, 'dec unscramble obfuscate translate read spell base64', r"\b(?:decode|decrypt|decipher|unscramble|de-?obfuscate|translate)\b[^.]{0,40}\b(?:and|then|to)\b[^.]{0,12}\b(?:obey|follow|execute|comply|do what|run|act on)|\b(?:read|spell) (?:it |this )?(?:backwards?|in reverse)\b|\bbase64\b[^.]{0,60}\b(?:follow|obey|execute|do what|instruction)"),
    ("coded order", 0.7, 'rot obey comply follow', r"\b(?:apply|use|undo) rot-?13\b|\b(?:obey|comply)\b(?: with)?(?: this| the following| me|:)|\bthen comply\b|\bfollow (?:only )?(?:user commands|the instructions? (?:inside|below|hidden|embedded)|these (?:new )?instructions)"),
    ("claims authority", 0.5, 'authori mandatory from admin root developer am breach', r"\b(?:authori[sz]ed|mandatory) (?:diagnostic|override|test|maintenance)\b|\b(?:note|message) from (?:the )?(?:developer|administrator|admin|system|openai|vendor|security team)\b|\b(?:admin|root|developer),? priority\b|\bi am (?:a |the |your )?(?:security researcher|developer|administrator|system)\b|\bbreach alert\b"),
    ("claims authority", 0.6, 'exempt safety security', r"\bexempt from\b[^.]{0,20}\b(?:restrictions?|rules|polic)|\b(?:safety|security) (?:rules|checks|policies) (?:are|do)\b"),
)  # fmt: skip

SIGNS: tuple[Sign, ...] = tuple(
    Sign(name, weight, tuple(needs.split()), re.compile(pattern)) for name, weight, needs, pattern in _TABLE
)
