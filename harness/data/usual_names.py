"""Names that columns of texts, of labels and of two texts a row usually have."""

TEXT_NAMES = (
    *("text", "sentence", "content", "tweet", "review", "comment", "utterance", "document", "message", "body"),
    *("文字", "文本", "內容", "内容", "句子", "評論", "评论", "留言"),
)
LABEL_NAMES = (
    *(
        "label",
        "labels",
        "emotion",
        "class",
        "category",
        "target",
        "sentiment",
        "intent",
        "topic",
        "label_text",
        "label_name",
    ),
    *("標籤", "标签", "類別", "类别", "分類", "分类", "情感", "情緒", "情绪"),
)
PAIRS = (
    ("premise", "hypothesis"),
    ("sentence1", "sentence2"),
    ("sentence_1", "sentence_2"),
    ("sentence_a", "sentence_b"),
    ("question1", "question2"),
    ("text1", "text2"),
    ("text_a", "text_b"),
    ("text", "text_pair"),
    ("question", "sentence"),
    ("question", "passage"),
    ("query", "passage"),
    ("query", "document"),
)
