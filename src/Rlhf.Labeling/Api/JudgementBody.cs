using System.Text.Json.Serialization;
using Rlhf.Preferences;

namespace Rlhf.Labeling.Api;

/// <summary>An answer as it travels; positions are those on the page.</summary>
internal sealed record JudgementBody
{
    /// <summary>left, right, tie or cannot_tell.</summary>
    public string? Answer { get; init; }

    /// <summary>Of a ranking.</summary>
    public IReadOnlyList<int>? Ranks { get; init; }

    /// <summary>Of each position, 1…7.</summary>
    public IReadOnlyList<int>? Quality { get; init; }

    /// <summary>Of a demonstration.</summary>
    public string? Text { get; init; }

    /// <summary>How long the labeler looked. Not kept: the store knows when it was shown and when it was answered.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Seconds { get; init; }

    public Judgement ToJudgement() => new()
    {
        Choice = Answer switch
        {
            null => null,
            "left" => Preferences.Answer.Left,
            "right" => Preferences.Answer.Right,
            "tie" => Preferences.Answer.Tie,
            "cannot_tell" => Preferences.Answer.CannotTell,
            _ => throw Problem.Invalid($"answer '{Answer}', expected left, right, tie or cannot_tell"),
        },
        Ranks = Ranks,
        Quality = Quality,
        Text = Text,
    };

    public static JudgementBody Of(Judgement judgement) => new()
    {
        Answer = judgement.Choice switch
        {
            null => null,
            Preferences.Answer.Left => "left",
            Preferences.Answer.Right => "right",
            Preferences.Answer.Tie => "tie",
            _ => "cannot_tell",
        },
        Ranks = judgement.Ranks,
        Quality = judgement.Quality,
        Text = judgement.Text,
    };
}
