using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Cli.Options;
using Rlhf.Kernels;
using Rlhf.Models;
using Rlhf.Models.Generation;
using Rlhf.Training.Data;

namespace Rlhf.Cli.Verbs;

/// <summary><c>rlhf generate</c>: continues prompts.</summary>
internal sealed class GenerateVerb
{
    private const int BatchSize = 64;
    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly OptionSet _set = new();
    private readonly Option<string?> _model, _tokenizer, _prompt, _prompts, _output;
    private readonly Option<int> _maxNewTokens, _topK, _samples, _threads;
    private readonly Option<float> _temperature, _topP;
    private readonly Option<long> _seed;
    private readonly Option<string> _format;

    private GenerateVerb()
    {
        _model = _set.AddOptional("model", "Language model", "DIR", required: true);
        _prompt = _set.AddOptional("prompt", "One prompt", "TEXT");
        _prompts = _set.AddOptional("prompts", "JSON Lines with prompt (or input_ids), instead of --prompt", "FILE");
        _tokenizer = _set.AddOptional("tokenizer", "Folder or tokenizer.json [default: the model's]", "PATH");
        _maxNewTokens = _set.AddNumber("max_new_tokens", "Most tokens of a continuation", 64, 1);
        _samples = _set.AddNumber("num_return_sequences", "Continuations of each prompt", 1, 1);
        _temperature = _set.AddNumber("temperature", "Divides the logits; 0: always the most likely token", 1f, 0f);
        _topK = _set.AddNumber("top_k", "Draw among this many tokens; 0: all", 0, 0);
        _topP = _set.AddNumber("top_p", "Draw among the most likely tokens of this mass", 1f, 0f, most: 1f, exclusive: true);
        _seed = _set.AddNumber("seed", "Seed of the draws", 42L, 0L);
        _format = _set.AddChoice("format", "text: the continuations as they read; jsonl: one object each, with tokens", "text", "jsonl");
        _output = _set.AddOptional("output", "File to write [default: standard output]", "FILE");
        _threads = _set.AddNumber("threads", "Threads; 0: one a processor", 0, 0);
    }

    public static Command Create()
    {
        var verb = new GenerateVerb();
        Command command = verb._set.Command("generate", "Continue prompts with a language model");
        command.Validators.Add(result =>
        {
            if (result.GetResult(verb._prompt) is null == result.GetResult(verb._prompts) is null)
                result.AddError("One of --prompt and --prompts is required");
        });
        command.SetAction((result, cancellation) => Task.Run(() => verb.Run(result, cancellation), cancellation));
        return command;
    }

    private int Run(ParseResult result, CancellationToken cancellation)
    {
        string directory = ModelInputs.Directory(result.GetRequiredValue(_model)!);
        ModelConfig config = ModelConfigReader.Read(directory);
        TextEncoder encoder = ModelInputs.Encoder(result.GetValue(_tokenizer), directory, config);
        TokenText[] prompts = Prompts(result, encoder, config);
        using CpuKernels kernels = Machine.Kernels(result.GetValue(_threads));
        using LanguageModel model = ModelInputs.LoadLanguage(directory);
        IEnumerable<string> lines = Generate(result, model, kernels, encoder, prompts, cancellation);
        if (result.GetValue(_output) is { } file)
        {
            OutputFile.WriteLines(file, lines);
        }
        else
        {
            foreach (string line in lines)
                result.InvocationConfiguration.Output.WriteLine(line);
        }

        return CommandLine.Success;
    }

    private TokenText[] Prompts(ParseResult result, TextEncoder encoder, ModelConfig config)
    {
        IReadOnlyList<TokenText> prompts = result.GetValue(_prompt) is { } text
            ? [encoder.Encode(text)]
            : new DatasetReader(encoder, new ResponseFormat()).Prompts(result.GetRequiredValue(_prompts)!);
        int limit = ModelInputs.PositionLimit(config), tokens = result.GetValue(_maxNewTokens);
        TokenText? tooLong = prompts.FirstOrDefault(prompt => prompt.Ids.Length > limit - tokens);
        if (tooLong is not null)
            throw new DataFormatException($"prompt of {tooLong.Ids.Length} tokens and {tokens} new ones: the model has {limit} positions");
        if (prompts.Any(prompt => prompt.Ids.Length == 0))
            throw new DataFormatException("--prompt: empty, expected at least one token");
        return [.. prompts.SelectMany(prompt => Enumerable.Repeat(prompt, result.GetValue(_samples)))];
    }

    private IEnumerable<string> Generate(
        ParseResult result, LanguageModel model, CpuKernels kernels, TextEncoder encoder, TokenText[] prompts, CancellationToken cancellation)
    {
        float temperature = result.GetValue(_temperature);
        ITokenSampler sampler = temperature == 0
            ? new GreedySampler()
            : new CategoricalSampler(kernels, (ulong)result.GetValue(_seed))
            {
                Temperature = temperature,
                TopK = result.GetValue(_topK),
                TopP = result.GetValue(_topP),
            };
        bool json = result.GetValue(_format) == "jsonl";
        using var generator = new Generator(model, BatchSize);
        using var batch = new TokenBatchBuffer();
        for (int first = 0; first < prompts.Length; first += BatchSize)
        {
            cancellation.ThrowIfCancellationRequested();
            TokenText[] chunk = prompts[first..Math.Min(first + BatchSize, prompts.Length)];
            batch.Fill(Array.ConvertAll(chunk, prompt => (ReadOnlyMemory<int>)prompt.Ids), PaddingSide.Left);
            GenerationResult generated = generator.Generate(batch.Tokens, sampler, new GenerationOptions
            {
                MaxNewTokens = result.GetValue(_maxNewTokens),
                StopTokens = model.Config.EosTokenIds,
                FirstSequence = first,
            });
            for (int i = 0; i < chunk.Length; i++)
                yield return json ? Json(encoder, chunk[i], generated, i) : chunk[i].Text + Text(encoder, generated.Sequence(i));
        }
    }

    private static string Text(TextEncoder encoder, ReadOnlySpan<int> tokens) =>
        encoder.Decode(tokens.IsEmpty || !encoder.Tokenizer.IsSpecial(tokens[^1]) ? tokens : tokens[..^1]);

    private static string Json(TextEncoder encoder, TokenText prompt, GenerationResult generated, int index) => new JsonObject
    {
        ["prompt"] = prompt.Text,
        ["completion"] = Text(encoder, generated.Sequence(index)),
        ["prompt_ids"] = JsonSerializer.SerializeToNode(prompt.Ids),
        ["completion_ids"] = JsonSerializer.SerializeToNode(generated.Sequence(index).ToArray()),
        ["logprob"] = generated.SequenceLogprobs(index).ToArray().Sum(logprob => (double)logprob),
    }.ToJsonString(Plain);
}
