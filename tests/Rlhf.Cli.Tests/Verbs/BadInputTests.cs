using System.Text.Json.Nodes;
using Rlhf.Models;

namespace Rlhf.Cli.Tests.Verbs;

/// <summary>Whatever is wrong with the input: one line that names it, an exit code, nothing written.</summary>
public sealed class BadInputTests
{
    private Workshop _workshop = null!;

    private static readonly string[] Verbs =
    [
        "sft --dataset {text.jsonl} --output_dir {run} --model",
        "reward --dataset {pairs.jsonl} --output_dir {run} --model",
        "eval --dataset {text.jsonl} --model",
        "generate --prompt the --max_new_tokens 4 --output {run} --model",
    ];

    [OneTimeSetUp]
    public unsafe void SetUp()
    {
        _workshop = new Workshop();
        Spoil("unknown", config => config["model_type"] = "mamba");
        Spoil("shape", config => config["n_inner"] = 48);
        Spoil("notjson", config => config.Clear());
        Copy("truncated");
        string weights = _workshop.Combine("truncated/model.safetensors");
        File.WriteAllBytes(weights, File.ReadAllBytes(weights)[..^100]);
        using LanguageModel model = LanguageModel.Load(_workshop.Model);
        model.Transformer.Weights.Pointer[700] = float.NaN;
        model.Save(_workshop.Combine("nan"), alsoWrite: folder => File.Copy(_workshop.Combine("base/tokenizer.json"), Path.Combine(folder, "tokenizer.json")));
        Copy("untokenized");
        foreach (string name in (string[])["tokenizer.json", "vocab.json", "merges.txt"])
            File.Delete(_workshop.Combine($"untokenized/{name}"));
        foreach ((string kind, string good, string field, string range) in (IEnumerable<(string, string, string, string)>)
        [
            ("text", """{"text": "a"}""", """{"text": 1}""", """{"input_ids": [1, 280]}"""),
            ("prompts", """{"prompt": "a"}""", """{"prompt": 1}""", """{"input_ids": [1, 280]}"""),
            ("pairs", """{"chosen": "a", "rejected": "b"}""", """{"chosen": 1, "rejected": "b"}""", """{"chosen_ids": [1, 280], "rejected_ids": [1]}"""),
        ])
        {
            _workshop.Lines($"malformed-{kind}.jsonl", good, good[..^2]);
            _workshop.Lines($"empty-{kind}.jsonl", "");
            _workshop.Lines($"field-{kind}.jsonl", good, field);
            _workshop.Lines($"range-{kind}.jsonl", good, range);
            _workshop.Lines($"strange-{kind}.jsonl", """{"question": "why"}""");
        }
    }

    [OneTimeTearDown]
    public void TearDown() => _workshop.Dispose();

    [TestCase("{nothing}", "nothing: no such directory")]
    [TestCase("{unknown}", "config.json", "mamba")]
    [TestCase("{notjson}", "config.json")]
    [TestCase("{shape}", "model.safetensors", "mlp")]
    [TestCase("{truncated}", "model.safetensors")]
    [TestCase("{nan}", "tensor 'transformer.wte.weight'", "NaN")]
    [TestCase("{untokenized}", "no tokenizer")]
    public async Task EveryVerb_NamesWhatIsWrongWithTheModel(string model, params string[] parts)
    {
        foreach (string verb in Verbs)
            Check(await _workshop.InvokeAsync($"{verb} {model}"), parts);
    }

    [TestCase("missing", ": no such file")]
    [TestCase("malformed", ": line 2: malformed JSON")]
    [TestCase("empty", ": no examples")]
    [TestCase("field", ": line 2: field '", "expected a string")]
    [TestCase("range", ": line 2: field '", "token id 280")]
    [TestCase("strange", ": line 1")]
    public async Task EveryVerb_NamesWhatIsWrongWithTheData(string name, params string[] parts)
    {
        foreach ((string verb, string kind) in (IEnumerable<(string, string)>)
        [
            ("sft --model {base} --output_dir {run} --dataset", "text"),
            ("reward --model {base} --output_dir {run} --dataset", "pairs"),
            ("eval --model {base} --dataset", "text"),
            ("generate --model {base} --max_new_tokens 4 --output {run} --prompts", "prompts"),
        ])
        {
            Check(await _workshop.InvokeAsync($"{verb} {{{name}-{kind}.jsonl}}"), [$"{name}-{kind}.jsonl{parts[0]}", .. parts[1..]]);
        }
    }

    [TestCase("sft --dataset {text.jsonl} --output_dir {run}", "--model and --config")]
    [TestCase("sft --model {base} --config {base} --dataset {text.jsonl} --output_dir {run}", "--model and --config")]
    [TestCase("sft --model {base} --dataset {text.jsonl} --output_dir {run} --learning_rate -1", "--learning_rate")]
    [TestCase("sft --model {base} --dataset {text.jsonl} --output_dir {run} --learning_rate nan", "--learning_rate")]
    [TestCase("sft --model {base} --dataset {text.jsonl} --output_dir {run} --lr_scheduler_type step", "step")]
    [TestCase("reward --model {base} --dataset {pairs.jsonl} --output_dir {run} --normalize demonstrations", "--demonstrations")]
    [TestCase("reward --model {base} --dataset {pairs.jsonl} --output_dir {run} --label_noise 1", "--label_noise")]
    [TestCase("generate --model {base}", "--prompt and --prompts")]
    [TestCase("generate --model {base} --prompt the --top_p 1.5", "--top_p")]
    public async Task CommandLine_IsRefused_WhenOptionsAreWrong(string line, string part)
    {
        (int Code, string Output, string Error) result = await _workshop.InvokeAsync(line);

        Check(result, [part]);
        Assert.That(result.Code, Is.EqualTo(CommandLine.Usage));
    }

    [TestCase("sft --model {base} --dataset {text.jsonl} --output_dir {run} --max_length 33", "--max_length: 33", "32 positions")]
    [TestCase("sft --model {base} --dataset {pairs.jsonl} --output_dir {run}", "pairs.jsonl", "Preference")]
    [TestCase("sft --model {base} --dataset {text.jsonl} --output_dir {text.jsonl}", "text.jsonl: is a file")]
    [TestCase("sft --model {base} --dataset {text.jsonl} --output_dir {run} --resume_from_checkpoint", "checkpoint-STEP")]
    [TestCase("reward --model {base} --dataset {text.jsonl} --output_dir {run}", "text.jsonl", "Text")]
    [TestCase("reward --model {base} --dataset {pairs.jsonl} --output_dir {run} --max_length 2", "max_length 2")]
    [TestCase("generate --model {base} --prompt the --max_new_tokens 40", "32 positions")]
    [TestCase("generate --model {base} --prompt the --max_new_tokens 4 --output {nowhere/out.txt}", "nowhere/out.txt")]
    public async Task EveryVerb_NamesWhatDoesNotFit(string line, params string[] parts) => Check(await _workshop.InvokeAsync(line), parts);

    [TestCase("sft --model {truncated} --dataset {text.jsonl} --output_dir {run}", "model.safetensors")]
    [TestCase("reward --model {base} --dataset {malformed-pairs.jsonl} --output_dir {run}", "line 2")]
    [TestCase("eval --model {nan} --dataset {text.jsonl}", "transformer.wte.weight")]
    [TestCase("generate --model {shape} --max_new_tokens 4 --prompt the", "mlp")]
    public async Task Process_EndsWithOneLine_AndNoCrash(string line, string part) => Check(await _workshop.StartAsync(line), [part]);

    private void Check((int Code, string Output, string Error) result, string[] parts) => Assert.Multiple(() =>
    {
        Assert.That(result.Code, Is.EqualTo(CommandLine.Failure).Or.EqualTo(CommandLine.Usage));
        Assert.That(result.Output, Is.Empty);
        Assert.That(result.Error, Does.Match(@"^rlhf: [^\n]+\n$"));
        foreach (string part in parts)
            Assert.That(result.Error, Does.Contain(part));
        Assert.That(Path.Exists(_workshop.Run), Is.False, "nothing may be written");
    });

    private void Spoil(string name, Action<JsonObject> change)
    {
        Copy(name);
        string path = _workshop.Combine($"{name}/config.json");
        JsonObject config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(config);
        File.WriteAllText(path, config.ToJsonString());
    }

    private void Copy(string name)
    {
        Directory.CreateDirectory(_workshop.Combine(name));
        foreach (string file in Directory.GetFiles(_workshop.Model))
            File.Copy(file, Path.Combine(_workshop.Combine(name), Path.GetFileName(file)));
    }
}
