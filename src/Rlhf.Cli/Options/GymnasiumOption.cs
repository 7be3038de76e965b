using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rlhf.Environments.Gymnasium;
using Rlhf.Environments.Pixels;
using Rlhf.Models;

namespace Rlhf.Cli.Options;

/// <summary>The options of <c>--env gym:ID</c>, each with the prefix <c>gym_</c>.</summary>
internal sealed class GymnasiumOption
{
    private const double LongestTimeout = 86_400;

    private readonly Option<string?> _python, _arguments;
    private readonly Option<string[]> _modules;
    private readonly Option<double?> _startTimeout, _stepTimeout;
    private readonly Option<bool> _atari;

    public GymnasiumOption(OptionSet set)
    {
        var defaults = new GymnasiumOptions();
        _python = set.AddOptional("gym_python", "gym:ID: the interpreter that has gymnasium [default: RLHF_PYTHON, or python3]", "FILE");
        _arguments = set.AddOptional("gym_args", "gym:ID: keyword arguments of gymnasium.make, such as {\"render_mode\": null}", "JSON");
        _arguments.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && Parse(result.Tokens[0].Value).Error is { } error)
                result.AddError($"--gym_args: {error}");
        });
        _modules = set.AddSeveral("gym_modules", "gym:ID: Python modules to import first, because they register environments", "NAME");
        _startTimeout = set.AddOptionalNumber(
            "gym_start_timeout", $"gym:ID: seconds to import and make the environment [default: {defaults.StartTimeout.TotalSeconds}]", 0.001, LongestTimeout);
        _stepTimeout = set.AddOptionalNumber(
            "gym_step_timeout", $"gym:ID: seconds for a step or a reset, after which the child counts as hanging and is killed [default: {defaults.StepTimeout.TotalSeconds}]", 0.001, LongestTimeout);
        _atari = set.Add("gym_atari", "gym:ID: Atari's interface (skip 4, 84 x 84, four frames) around a game whose every step is a frame; ALE's games have it anyway", false);
    }

    /// <summary>Whether an environment of Gymnasium has Atari's interface.</summary>
    public bool HasFrames(ParseResult result, string id) => GymnasiumBridge.IsArcade(id) || (IsGymnasium(id) && result.GetValue(_atari));

    /// <summary>What was given; null where nothing was.</summary>
    /// <exception cref="DataFormatException">Something was, and the environment is not Gymnasium's.</exception>
    public GymnasiumOptions? Of(ParseResult result, string id)
    {
        string[] given = [.. Given(result)];
        if (given.Length == 0)
            return null;
        if (!IsGymnasium(id))
            throw new DataFormatException($"--{given[0]}: the environment is '{id}', expected one of Gymnasium ({GymnasiumBridge.Prefix}ID)");
        var defaults = new GymnasiumOptions();
        return defaults with
        {
            Python = result.GetValue(_python),
            Arguments = result.GetValue(_arguments) is { } text ? Parse(text).Arguments : null,
            Modules = result.GetValue(_modules) ?? [],
            StartTimeout = result.GetValue(_startTimeout) is { } start ? TimeSpan.FromSeconds(start) : defaults.StartTimeout,
            StepTimeout = result.GetValue(_stepTimeout) is { } step ? TimeSpan.FromSeconds(step) : defaults.StepTimeout,
            Pixels = result.GetValue(_atari) ? new PixelOptions() : null,
        };
    }

    private static bool IsGymnasium(string id) => id.StartsWith(GymnasiumBridge.Prefix, StringComparison.Ordinal);

    private IEnumerable<string> Given(ParseResult result)
    {
        Option[] options = [_python, _arguments, _modules, _startTimeout, _stepTimeout, _atari];
        return options.Where(option => result.GetResult(option) is { Implicit: false }).Select(option => option.Name.TrimStart('-'));
    }

    private static (JsonObject? Arguments, string? Error) Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) is JsonObject arguments
                ? (arguments, null)
                : (null, $"{text}, expected a JSON object, {{\"name\": value, …}}");
        }
        catch (JsonException error)
        {
            return (null, $"{text}, expected a JSON object, {{\"name\": value, …}} ({error.Message.ReplaceLineEndings(" ").TrimEnd('.')})");
        }
    }
}
