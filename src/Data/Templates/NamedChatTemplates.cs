using AlpacaCot.Tokenizers.ChatTemplates;

namespace AlpacaCot.Data.Templates;

/// <summary>A chat template that can be named for models that bring none.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Template">The template.</param>
/// <param name="TokenizerBegins">Whether the tokenizer adds its own special tokens to the text (BOS, ChatGLM's <c>[gMASK]</c>); otherwise the template has written them.</param>
public sealed record NamedChatTemplate(string Name, ChatTemplate Template, bool TokenizerBegins)
{
    /// <summary>SHA-256 (hex) over everything that changes a text, beside the tokens of a tokenizer.</summary>
    public string Hash => ChatForm.HashOf(Template, TokenizerBegins);

    /// <summary>The template as a form, with special tokens by their texts.</summary>
    public ChatForm Form(string name, string bos, string eos) => new(name, Template, bos, eos, TokenizerBegins);
}

/// <summary>The forms that chat models were published with before templates were files.</summary>
public static class NamedChatTemplates
{
    private static readonly string _preface = PromptTemplates.AlpacaNewline.PromptWithoutInput[..PromptTemplates.AlpacaNewline.PromptWithoutInput.IndexOf("### Instruction:", StringComparison.Ordinal)];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<NamedChatTemplate> All { get; } =
    [
        // Stanford Alpaca's prompt; later turns repeat its blocks.
        Of("alpaca", tokenizerBegins: true, $$$"""
            {%- set ns = namespace(preface='{{{_preface.Replace("\n", "\\n", StringComparison.Ordinal)}}}') -%}
            {%- if messages[0].role == 'system' -%}{%- set ns.preface = messages[0].content + '\n\n' -%}{%- endif -%}
            {{- ns.preface -}}
            {%- for m in messages if m.role != 'system' -%}
            {%- if m.role == 'user' -%}{{- '### Instruction:\n' + m.content + '\n\n' -}}
            {%- elif m.role == 'assistant' -%}{{- '### Response:\n' -}}{%- generation -%}{{- m.content + (eos_token or '') -}}{%- endgeneration -%}{{- '\n\n' -}}
            {%- else -%}{{- raise_exception('alpaca knows no role ' + m.role) -}}{%- endif -%}
            {%- endfor -%}
            {%- if add_generation_prompt -%}{{- '### Response:\n' -}}{%- endif -%}
            """),
        // Vicuna 1.1 (FastChat).
        Of("vicuna", tokenizerBegins: true, """
            {%- set ns = namespace(system="A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the user's questions.") -%}
            {%- if messages[0].role == 'system' -%}{%- set ns.system = messages[0].content -%}{%- endif -%}
            {{- ns.system + ' ' -}}
            {%- for m in messages if m.role != 'system' -%}
            {%- if m.role == 'user' -%}{{- 'USER: ' + m.content + ' ' -}}
            {%- elif m.role == 'assistant' -%}{{- 'ASSISTANT: ' -}}{%- generation -%}{{- m.content + (eos_token or '') -}}{%- endgeneration -%}
            {%- else -%}{{- raise_exception('vicuna knows no role ' + m.role) -}}{%- endif -%}
            {%- endfor -%}
            {%- if add_generation_prompt -%}{{- 'ASSISTANT:' -}}{%- endif -%}
            """),
        Of("chatml", tokenizerBegins: false, ChatMl("")),
        // ChatGLM-6B: a question alone stands as it is; rounds count from 0.
        Of("chatglm", tokenizerBegins: true, Rounds("[Round ' ~ (ns.round - 1) ~ ']\\n问：", "\\n答：", "\\n", bareFirst: true)),
        // ChatGLM2-6B: rounds count from 1 and are always written.
        Of("chatglm2", tokenizerBegins: true, Rounds("[Round ' ~ ns.round ~ ']\\n\\n问：", "\\n\\n答：", "\\n\\n", bareFirst: false)),
        Of("chatglm3", tokenizerBegins: false, """
            {{- '[gMASK]sop' -}}
            {%- for m in messages -%}{{- '<|' + m.role + '|>\n ' -}}{%- if m.role == 'assistant' -%}{%- generation -%}{{- m.content -}}{%- endgeneration -%}{%- else -%}{{- m.content -}}{%- endif -%}{%- endfor -%}
            {%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}
            """),
        // MOSS without plugins; its meta instruction is the system message.
        Of("moss", tokenizerBegins: false, Turns("<|Human|>: ", "<eoh>\\n", "<|MOSS|>:", "<eom>\\n")),
        // InternLM 1, first chat release.
        Of("internlm", tokenizerBegins: true, Turns("<|User|>:", "<eoh>\\n", "<|Bot|>:", "<eoa>\\n")),
        Of("internlm2", tokenizerBegins: false, ChatMl("{{- bos_token or '' -}}")),
        // Baichuan 1: the tokens of ids 195 and 196; answers end with EOS.
        Of("baichuan", tokenizerBegins: false, Turns("<reserved_102>", "", "<reserved_103>", "' + (eos_token or '') + '")),
        // Baichuan 2: answers have no end of their own.
        Of("baichuan2", tokenizerBegins: false, Turns("<reserved_106>", "", "<reserved_107>", "")),
        Of("llama-2", tokenizerBegins: false, """
            {%- set ns = namespace(system='') -%}
            {%- for m in messages -%}
            {%- if m.role == 'system' and loop.first -%}{%- set ns.system = '<<SYS>>\n' + m.content + '\n<</SYS>>\n\n' -%}
            {%- elif m.role == 'user' -%}{{- (bos_token or '') + '[INST] ' + ns.system + m.content.strip() + ' [/INST]' -}}{%- set ns.system = '' -%}
            {%- elif m.role == 'assistant' -%}{{- ' ' -}}{%- generation -%}{{- m.content.strip() + ' ' + (eos_token or '') -}}{%- endgeneration -%}
            {%- else -%}{{- raise_exception('llama-2 knows no role ' + m.role + ' at message ' ~ loop.index0) -}}{%- endif -%}
            {%- endfor -%}
            """),
        Of("llama-3", tokenizerBegins: false, """
            {{- bos_token or '' -}}
            {%- for m in messages -%}{{- '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' -}}
            {%- if m.role == 'assistant' -%}{%- generation -%}{{- m.content | trim + '<|eot_id|>' -}}{%- endgeneration -%}{%- else -%}{{- m.content | trim + '<|eot_id|>' -}}{%- endif -%}
            {%- endfor -%}
            {%- if add_generation_prompt -%}{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' -}}{%- endif -%}
            """),
    ];

    /// <summary>The template of a name.</summary>
    /// <exception cref="DatasetException">There is none; the message lists the known ones.</exception>
    public static NamedChatTemplate Get(string name)
        => All.FirstOrDefault(template => template.Name == name)
        ?? throw new DatasetException($"chat template {name}: unknown; known: {string.Join(", ", All.Select(template => template.Name))}");

    private static NamedChatTemplate Of(string name, bool tokenizerBegins, string source) => new(name, ChatTemplate.Parse(source), tokenizerBegins);

    private static string ChatMl(string begin) => begin + """
        {%- for m in messages -%}{{- '<|im_start|>' + m.role + '\n' -}}
        {%- if m.role == 'assistant' -%}{%- generation -%}{{- m.content + '<|im_end|>' -}}{%- endgeneration -%}{%- else -%}{{- m.content + '<|im_end|>' -}}{%- endif -%}{{- '\n' -}}
        {%- endfor -%}
        {%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}
        """;

    /// <summary>A system text, then turns between marks.</summary>
    private static string Turns(string user, string userEnd, string assistant, string assistantEnd) => $$$"""
        {%- for m in messages -%}
        {%- if m.role == 'system' and loop.first -%}{{- m.content -}}
        {%- elif m.role == 'user' -%}{{- '{{{user}}}' + m.content + '{{{userEnd}}}' -}}
        {%- elif m.role == 'assistant' -%}{{- '{{{assistant}}}' -}}{%- generation -%}{{- m.content + '{{{assistantEnd}}}' -}}{%- endgeneration -%}
        {%- else -%}{{- raise_exception('this template knows no role ' + m.role + ' at message ' ~ loop.index0) -}}{%- endif -%}
        {%- endfor -%}
        {%- if add_generation_prompt -%}{{- '{{{assistant}}}' -}}{%- endif -%}
        """;

    /// <summary>ChatGLM's numbered rounds.</summary>
    private static string Rounds(string question, string answer, string end, bool bareFirst) => $$$"""
        {%- set ns = namespace(round=1) -%}
        {%- for m in messages -%}
        {%- if m.role == 'user' and {{{(bareFirst ? "messages | length == 1" : "false")}}} -%}{{- m.content -}}
        {%- elif m.role == 'user' -%}{{- '{{{question}}}' ~ m.content ~ '{{{answer}}}' -}}
        {%- elif m.role == 'assistant' -%}{%- generation -%}{{- m.content -}}{%- endgeneration -%}{{- '{{{end}}}' -}}{%- set ns.round = ns.round + 1 -%}
        {%- else -%}{{- raise_exception('chatglm knows no role ' + m.role) -}}{%- endif -%}
        {%- endfor -%}
        """;
}
