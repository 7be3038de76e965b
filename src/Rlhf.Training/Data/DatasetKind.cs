namespace Rlhf.Training.Data;

/// <summary>What a data set's lines are made of, in TRL's terms.</summary>
public enum DatasetKind
{
    /// <summary><c>text</c> or <c>input_ids</c>, or a <c>.txt</c> file.</summary>
    Text,

    /// <summary><c>prompt</c> alone.</summary>
    Prompt,

    /// <summary><c>prompt</c> and <c>completion</c>.</summary>
    PromptCompletion,

    /// <summary><c>chosen</c> and <c>rejected</c>.</summary>
    Preference,

    /// <summary><c>prompt</c>, <c>completions</c> and <c>ranks</c>.</summary>
    Ranking,
}
