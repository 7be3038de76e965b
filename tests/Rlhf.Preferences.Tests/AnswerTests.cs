namespace Rlhf.Preferences.Tests;

public sealed class AnswerTests
{
    [TestCase(Answer.Left, 1f)]
    [TestCase(Answer.Right, 0f)]
    [TestCase(Answer.Tie, 0.5f)]
    [TestCase(Answer.CannotTell, null)]
    public void LeftWeight_IsThePapersLabel(Answer answer, float? weight) => Assert.That(answer.LeftWeight(), Is.EqualTo(weight));
}
