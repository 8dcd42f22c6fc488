"""List the words that the generators draw from: frequent ones, which small models know."""

# fmt: off
NAMES = ["Tom", "Anna", "Ben", "Lucy", "Sam", "Emma", "Jack", "Mary",
         "Peter", "Sarah", "Paul", "Kate", "Mark", "Lisa", "David", "Jane"]
CITIES = ["Paris", "London", "Tokyo", "Berlin", "Madrid", "Rome",
          "Cairo", "Boston", "Dublin", "Vienna", "Oslo", "Athens"]
# fmt: on
PLACES = ["kitchen", "garden", "office", "bedroom", "hallway", "bathroom", "library", "garage"]
ANIMALS = ["dog", "cat", "horse", "cow", "sheep", "lion", "tiger", "rabbit"]
FRUITS = ["apple", "banana", "orange", "grape", "pear", "peach", "cherry", "mango"]
COLOURS = ["red", "blue", "green", "yellow", "purple", "pink", "brown", "black"]
VEHICLES = ["car", "bus", "train", "truck", "bicycle", "boat", "plane", "ship"]
THINGS = ANIMALS + FRUITS + COLOURS + VEHICLES

LANGUAGES = ("French", "Spanish", "German", "Italian", "Chinese")
# One row: the English word, then the word in each of LANGUAGES. Our own list of everyday nouns.
VOCABULARY = tuple(
    tuple(row.split())
    for row in """
    dog chien perro Hund cane 狗
    cat chat gato Katze gatto 猫
    house maison casa Haus casa 房子
    water eau agua Wasser acqua 水
    book livre libro Buch libro 书
    sun soleil sol Sonne sole 太阳
    moon lune luna Mond luna 月亮
    milk lait leche Milch latte 牛奶
    bread pain pan Brot pane 面包
    tree arbre árbol Baum albero 树
    school école escuela Schule scuola 学校
    friend ami amigo Freund amico 朋友
    night nuit noche Nacht notte 夜晚
    day jour día Tag giorno 白天
    city ville ciudad Stadt città 城市
    fish poisson pez Fisch pesce 鱼
    bird oiseau pájaro Vogel uccello 鸟
    hand main mano Hand mano 手
    heart cœur corazón Herz cuore 心
    window fenêtre ventana Fenster finestra 窗户
    door porte puerta Tür porta 门
    fire feu fuego Feuer fuoco 火
    horse cheval caballo Pferd cavallo 马
    flower fleur flor Blume fiore 花
    king roi rey König re 国王
    apple pomme manzana Apfel mela 苹果
    sea mer mar Meer mare 海
    snow neige nieve Schnee neve 雪
    child enfant niño Kind bambino 孩子
    money argent dinero Geld denaro 钱
    time temps tiempo Zeit tempo 时间
    music musique música Musik musica 音乐
    street rue calle Straße strada 街道
    church église iglesia Kirche chiesa 教堂
    mother mère madre Mutter madre 母亲
    egg œuf huevo Ei uovo 鸡蛋
    bridge pont puente Brücke ponte 桥
    key clé llave Schlüssel chiave 钥匙
    cheese fromage queso Käse formaggio 奶酪
    rain pluie lluvia Regen pioggia 雨
    star étoile estrella Stern stella 星星
    forest forêt bosque Wald foresta 森林
    river rivière río Fluss fiume 河
    mountain montagne montaña Berg montagna 山
    spoon cuillère cuchara Löffel cucchiaio 勺子
    shoe chaussure zapato Schuh scarpa 鞋
    war guerre guerra Krieg guerra 战争
    sugar sucre azúcar Zucker zucchero 糖
    """.strip().splitlines()
)
