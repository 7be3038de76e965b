namespace Rlhf.Preferences;

/// <summary>A prompt with one response to it. A query for a demonstration has one with an empty response.</summary>
/// <param name="Id">Given by the store; 0 before.</param>
/// <param name="RunId">The run it is from.</param>
/// <param name="Prompt">What the response continues.</param>
/// <param name="Response">What a model or a person wrote.</param>
/// <param name="Model">Who wrote it; not shown while it is compared.</param>
public sealed record TextSample(long Id, long RunId, string Prompt, string Response, string Model);
